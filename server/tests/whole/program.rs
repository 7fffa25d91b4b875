//! The real program in a folder of its own: started, spoken to, ended.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use serde_json::Value as Json;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_regulars");

/// Long enough for a busy machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command with nothing of this process's environment that would configure it.
pub fn command(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    configure(&mut command, data);
    command
}

fn configure(command: &mut Command, data: &Path) {
    for name in [
        "DATABASE_URL",
        "DATABASE_READ_URL",
        "RUST_LOG",
        "REGULARS_CONFIG",
    ] {
        command.env_remove(name);
    }
    command.env("REGULARS_DATA", data);
    // Drawn for each error that is only told, a backtrace costs a debug build more than the request.
    command.env("RUST_BACKTRACE", "0");
}

/// Runs a command to its end.
pub fn run(data: &Path, words: &[&str]) -> Output {
    command(data)
        .args(words)
        .output()
        .expect("the program starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A server that runs until it is told to end, or is dropped.
pub struct Server {
    child: Child,
    pub address: String,
    /// What it has printed so far, up to the address.
    pub greeting: Vec<String>,
    /// What it prints after that.
    said: Mutex<mpsc::Receiver<String>>,
    /// All that it wrote to standard error, when it has ended.
    logged: Mutex<mpsc::Receiver<String>>,
}

impl Server {
    pub fn start(data: &Path) -> Server {
        let mut command = command(data);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"]);
        Server::of(command)
    }

    /// Under `sh`, with a word before it such as `ulimit -f 100`.
    pub fn start_after(data: &Path, before: &str) -> Server {
        let mut command = Command::new("sh");
        configure(&mut command, data);
        let line = format!("{before}; exec {PROGRAM} serve --listen 127.0.0.1:0 --log warn");
        command.args(["-c", &line]);
        Server::of(command)
    }

    pub fn of(mut command: Command) -> Server {
        let started = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = started.expect("the program starts");
        // Read from the start: a program whose log nobody reads stands still, with whatever locks it holds.
        let (logging, logged) = mpsc::channel();
        let mut stderr = child.stderr.take().expect("a pipe");
        std::thread::spawn(move || {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said);
            drop(logging.send(said));
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut greeting = Vec::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                let said = logged.recv_timeout(PATIENCE).unwrap_or_default();
                panic!("the server ended before it said where it is: {greeting:?} {said}");
            };
            let address = line
                .split("http://")
                .nth(1)
                .and_then(|rest| rest.split('/').next());
            let address = address.map(str::to_owned);
            greeting.push(line);
            if let Some(address) = address {
                break address;
            }
        };
        // What follows is read, so that the program never waits for us.
        let (saying, said) = mpsc::channel();
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| drop(saying.send(line)));
        });
        Server {
            child,
            address,
            greeting,
            said: Mutex::new(said),
            logged: Mutex::new(logged),
        }
    }

    /// The token of the set-up link, which an empty store's server prints after its address.
    pub fn set_up_token(&self) -> String {
        let said = self.said.lock().expect("nobody panicked with it");
        loop {
            let line = said
                .recv_timeout(PATIENCE)
                .expect("a set-up link is printed");
            if let Some((_, token)) = line.split_once("/set-up#") {
                return token.to_owned();
            }
        }
    }

    /// Status and body of a `GET`.
    pub fn get(&self, path: &str) -> (u16, String) {
        let asked = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        self.ask(&asked).expect("the server answers")
    }

    pub fn get_as(&self, token: &str, path: &str) -> (u16, Json) {
        let asked = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        );
        let (status, body) = self.ask(&asked).expect("the server answers");
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// `None` when the server is gone before it has answered.
    pub fn send_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Json,
    ) -> Option<(u16, Json)> {
        self.send_with(
            &format!("authorization: Bearer {token}\r\n"),
            method,
            path,
            body,
        )
    }

    /// As nobody.
    pub fn send(&self, method: &str, path: &str, body: &Json) -> Option<(u16, Json)> {
        self.send_with("", method, path, body)
    }

    fn send_with(
        &self,
        header: &str,
        method: &str,
        path: &str,
        body: &Json,
    ) -> Option<(u16, Json)> {
        let body = body.to_string();
        let asked = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\n{header}\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let (status, body) = self.ask(&asked)?;
        Some((status, serde_json::from_str(&body).unwrap_or_default()))
    }

    /// A `POST` under an idempotency key; `None` when the server is gone before it has answered.
    pub fn post_keyed(
        &self,
        token: &str,
        path: &str,
        key: &str,
        body: &Json,
    ) -> Option<(u16, Json)> {
        let body = body.to_string();
        let asked = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let (status, body) = self.ask(&asked)?;
        Some((status, serde_json::from_str(&body).ok()?))
    }

    fn ask(&self, asked: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(asked.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let body = answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned());
        Some((status, body.unwrap_or_default()))
    }

    /// Sends a signal by its name and waits for the end; with what it wrote to standard error.
    pub fn end(mut self, signal: &str) -> (ExitStatus, String) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
        self.wait()
    }

    /// `kill -9`: nothing of the program runs any more.
    pub fn kill(&self) {
        let sent = Command::new("kill")
            .args(["-9", &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    pub fn wait(&mut self) -> (ExitStatus, String) {
        let said = self.logged.lock().expect("nobody panicked with it");
        let said = said.recv_timeout(PATIENCE).expect("the server ends");
        (self.child.wait().expect("our own child"), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that goes when the test ends.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Home {
        Home(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub fn store(&self) -> PathBuf {
        self.data().join("regulars.db")
    }
}
