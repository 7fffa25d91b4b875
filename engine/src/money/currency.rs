//! ISO 4217: the codes in use, their minor digits, and the smallest amount of cash in circulation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u8);

struct Row {
    code: &'static str,
    digits: u8,
    /// Minor units of the smallest coin that tills still round to; 1 means that cash is exact.
    cash: i64,
}

macro_rules! currencies {
    ($($code:ident $digits:literal $cash:literal),* $(,)?) => {
        const TABLE: &[Row] = &[$(Row { code: stringify!($code), digits: $digits, cash: $cash }),*];

        #[expect(clippy::upper_case_acronyms, reason = "the codes are the names")]
        #[repr(u8)]
        enum Place { $($code),* }

        impl Currency {
            $(pub const $code: Self = Self(Place::$code as u8);)*
        }
    };
}

// Alphabetical: `find` searches it by halves. Funds, metals and test codes are left out on purpose:
// nobody pays with them. The coin is 1 wherever rounding is no settled custom of the whole currency (a
// euro venue in Finland rounds to 5 cents, one in Spain does not).
currencies! {
    AED 2 1, AFN 2 1, ALL 2 1, AMD 2 1, AOA 2 1, ARS 2 1, AUD 2 5, AWG 2 1, AZN 2 1,
    BAM 2 1, BBD 2 1, BDT 2 1, BGN 2 1, BHD 3 5, BIF 0 1, BMD 2 1, BND 2 5, BOB 2 1,
    BRL 2 1, BSD 2 1, BTN 2 1, BWP 2 1, BYN 2 1, BZD 2 1,
    CAD 2 5, CDF 2 1, CHF 2 5, CLP 0 10, CNY 2 1, COP 2 5000, CRC 2 500, CUP 2 1, CVE 2 1,
    CZK 2 100, DJF 0 1, DKK 2 50, DOP 2 1, DZD 2 1, EGP 2 1, ERN 2 1, ETB 2 1,
    EUR 2 1, FJD 2 5, FKP 2 1, GBP 2 1, GEL 2 1, GHS 2 1, GIP 2 1, GMD 2 1, GNF 0 1, GTQ 2 1,
    GYD 2 1, HKD 2 10, HNL 2 1, HTG 2 1, HUF 2 500, IDR 2 10000, ILS 2 10, INR 2 1, IQD 3 1,
    IRR 2 1, ISK 0 1, JMD 2 1, JOD 3 5, JPY 0 1, KES 2 1, KGS 2 1, KHR 2 1, KMF 0 1,
    KPW 2 1, KRW 0 10, KWD 3 5, KYD 2 1, KZT 2 1, LAK 2 1, LBP 2 1, LKR 2 1, LRD 2 1,
    LSL 2 1, LYD 3 1, MAD 2 1, MDL 2 1, MGA 2 1, MKD 2 1, MMK 2 1, MNT 2 1, MOP 2 1, MRU 2 1,
    MUR 2 1, MVR 2 1, MWK 2 1, MXN 2 1, MYR 2 5, MZN 2 1, NAD 2 1, NGN 2 1, NIO 2 1,
    NOK 2 100, NPR 2 1, NZD 2 10, OMR 3 5, PAB 2 1, PEN 2 1, PGK 2 1, PHP 2 1, PKR 2 1,
    PLN 2 1, PYG 0 1, QAR 2 1, RON 2 1, RSD 2 1, RUB 2 1, RWF 0 1, SAR 2 1, SBD 2 1,
    SCR 2 1, SDG 2 1, SEK 2 100, SGD 2 5, SHP 2 1, SLE 2 1, SOS 2 1, SRD 2 1, SSP 2 1,
    STN 2 1, SVC 2 1, SYP 2 1, SZL 2 1, THB 2 25, TJS 2 1, TMT 2 1, TND 3 10, TOP 2 1,
    TRY 2 1, TTD 2 1, TWD 2 100, TZS 2 1, UAH 2 1, UGX 0 1, USD 2 1, UYU 2 1, UZS 2 1, VED 2 1,
    VES 2 1, VND 0 1, VUV 0 1, WST 2 1, XAF 0 1, XCD 2 1, XCG 2 1, XOF 0 1, XPF 0 1, YER 2 1,
    ZAR 2 10, ZMW 2 1, ZWG 2 1,
}

impl Currency {
    /// The three letters.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// Digits after the point: 2 for kronor, 0 for yen, 3 for dinars.
    pub fn digits(self) -> u8 {
        self.row().digits
    }

    /// Minor units in one major unit.
    pub fn minor_per_major(self) -> i64 {
        10_i64.pow(u32::from(self.digits()))
    }

    /// Minor units that a cash amount is a multiple of.
    pub fn cash_increment(self) -> i64 {
        self.row().cash
    }

    fn row(self) -> &'static Row {
        &TABLE[usize::from(self.0)]
    }
}

/// The text is no code of ISO 4217 that people pay with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCurrency;

impl fmt::Display for UnknownCurrency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no currency of ISO 4217 has this code")
    }
}

impl std::error::Error for UnknownCurrency {}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let place = TABLE
            .binary_search_by(|row| row.code.cmp(text))
            .map_err(|_| UnknownCurrency)?;
        u8::try_from(place).map(Self).map_err(|_| UnknownCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_code_is_found() {
        assert!(TABLE.is_sorted_by(|a, b| a.code < b.code));
        for row in TABLE {
            assert_eq!(
                row.code.parse::<Currency>().map(Currency::code),
                Ok(row.code)
            );
            assert!(row.cash >= 1 && row.digits <= 4);
        }
    }

    #[test]
    fn digits_and_coins_of_the_ones_we_sell_in() {
        for (currency, digits, cash) in [
            (Currency::SEK, 2, 100),
            (Currency::NOK, 2, 100),
            (Currency::DKK, 2, 50),
            (Currency::CHF, 2, 5),
            (Currency::USD, 2, 1),
            (Currency::EUR, 2, 1),
            (Currency::JPY, 0, 1),
            (Currency::KWD, 3, 5),
        ] {
            assert_eq!(
                (currency.digits(), currency.cash_increment()),
                (digits, cash),
                "{currency}"
            );
        }
        assert_eq!(Currency::KWD.minor_per_major(), 1000);
    }

    #[test]
    fn strangers_are_refused() {
        for text in ["", "sek", "SE", "XXX", "XAU", "SEKK"] {
            assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency), "{text}");
        }
    }
}
