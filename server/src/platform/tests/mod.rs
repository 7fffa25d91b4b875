mod money;

use crate::both_stores;
use crate::hall::testing::TestApp;

both_stores! {
    async fn a_key_reads_its_own_chain(app: TestApp) {
        let reply = app.owner().get("/api/v1/chain").await;
        reply.is(200);
        assert_eq!(reply.json["slug"], "test");
        app.nobody().get("/api/v1/chain").await.is_problem(401, "unauthenticated");
    }
}
