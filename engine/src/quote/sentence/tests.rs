use super::*;

const EVERY: [Language; 3] = [Language::En, Language::Sv, Language::Es];

/// The sentence of a code in English, Swedish and Spanish, at a venue two hours ahead of UTC.
fn say(code: &TraceCode) -> [String; 3] {
    let money = |amount: i64| format!("{}.{:02} kr", amount / 100, amount % 100);
    let name = |_: &DiscountId| "Happy hour".to_owned();
    let local = |at: Timestamp| jiff::tz::offset(2).to_datetime(at);
    let wording = Wording {
        money: &money,
        name: &name,
        local: &local,
    };
    EVERY.map(|language| sentence(code, language, wording))
}

/// Every code, with what is said of it.
const SAID: &[(&str, [&str; 3])] = &[
    (
        r#"{"code":"APPLIED","saving":100,"base":1000,"units":2}"#,
        [
            "It takes off 1.00 kr.",
            "Rabatten drar av 1.00 kr.",
            "Descuenta 1.00 kr.",
        ],
    ),
    (
        r#"{"code":"CAPPED","asked":500,"cap":400}"#,
        [
            "It would have taken off 5.00 kr, but stops at 4.00 kr.",
            "Rabatten skulle ha dragit av 5.00 kr, men drar av högst 4.00 kr.",
            "Habría descontado 5.00 kr, pero llega como máximo a 4.00 kr.",
        ],
    ),
    (
        r#"{"code":"CLAMPED","asked":500,"given":400}"#,
        [
            "It is worth 5.00 kr, but there was only 4.00 kr left to take it from.",
            "Rabatten är värd 5.00 kr, men det fanns bara 4.00 kr kvar att dra den från.",
            "Vale 5.00 kr, pero solo quedaban 4.00 kr de donde descontar.",
        ],
    ),
    (
        r#"{"code":"POINTS_TRIMMED","asked":500,"taken":400}"#,
        [
            "400 of the 500 points were enough; the others stay on the account.",
            "400 av 500 poäng räckte; resten ligger kvar på kontot.",
            "De los 500 puntos bastaron 400; los demás siguen en la cuenta.",
        ],
    ),
    (
        r#"{"code":"POINTS_TRIMMED","asked":5,"taken":1}"#,
        [
            "1 of the 5 points was enough; the others stay on the account.",
            "1 av 5 poäng räckte; resten ligger kvar på kontot.",
            "De los 5 puntos bastó 1; los demás siguen en la cuenta.",
        ],
    ),
    (
        r#"{"code":"REGULATED_ITEM","units":1}"#,
        [
            "One item is alcohol, which this offer leaves out.",
            "En vara är alkohol och ingår inte i erbjudandet.",
            "Un artículo es alcohol y queda fuera de esta oferta.",
        ],
    ),
    (
        r#"{"code":"REGULATED_ITEM","units":2}"#,
        [
            "2 of the items are alcohol, which this offer leaves out.",
            "2 av varorna är alkohol och ingår inte i erbjudandet.",
            "2 artículos son alcohol y quedan fuera de esta oferta.",
        ],
    ),
    (
        r#"{"code":"INACTIVE"}"#,
        [
            "This offer is switched off.",
            "Erbjudandet är avstängt.",
            "Esta oferta está desactivada.",
        ],
    ),
    (
        r#"{"code":"INCOMPLETE"}"#,
        [
            "This offer is not set up completely; ask a manager to look at it.",
            "Erbjudandet är inte färdigt; be en chef titta på det.",
            "Esta oferta está a medio configurar; pide a un encargado que la revise.",
        ],
    ),
    (
        r#"{"code":"OTHER_CURRENCY"}"#,
        [
            "This offer is in another currency.",
            "Erbjudandet gäller i en annan valuta.",
            "Esta oferta está en otra moneda.",
        ],
    ),
    (
        r#"{"code":"CUSTOMER_REQUIRED"}"#,
        [
            "Add the guest to the order first; this offer is personal.",
            "Lägg till gästen på notan först; erbjudandet är personligt.",
            "Añade primero al cliente: esta oferta es personal.",
        ],
    ),
    (
        r#"{"code":"NOT_IN_GROUP","groupId":"grp_1"}"#,
        [
            "The guest is not in the group that this offer is for.",
            "Gästen är inte med i gruppen som erbjudandet gäller för.",
            "El cliente no está en el grupo de esta oferta.",
        ],
    ),
    (
        r#"{"code":"NOT_IN_SEGMENT","segmentId":"seg_1"}"#,
        [
            "The guest is not among those that this offer is for.",
            "Gästen hör inte till dem som erbjudandet gäller för.",
            "El cliente no es de los que tienen esta oferta.",
        ],
    ),
    (
        r#"{"code":"NOT_FOR_THIS_CUSTOMER"}"#,
        [
            "This offer belongs to another guest.",
            "Erbjudandet tillhör en annan gäst.",
            "Esta oferta es de otro cliente.",
        ],
    ),
    (
        r#"{"code":"FIRST_PURCHASE_ONLY","purchases":3}"#,
        [
            "This one is for a first purchase, and the guest has one already.",
            "Erbjudandet gäller det första köpet, och gästen har redan gjort ett.",
            "Es para la primera compra, y el cliente ya tiene una.",
        ],
    ),
    (
        r#"{"code":"OTHER_VARIANT","experimentId":"exp_1"}"#,
        [
            "The guest sees another version of this offer.",
            "Gästen har en annan variant av erbjudandet.",
            "El cliente tiene otra versión de esta oferta.",
        ],
    ),
    (
        r#"{"code":"USES_SPENT"}"#,
        [
            "It has been used as often as it can be.",
            "Det är redan använt så många gånger som det går.",
            "Ya se ha usado todas las veces posibles.",
        ],
    ),
    (
        r#"{"code":"CUSTOMER_USES_SPENT"}"#,
        [
            "The guest has used it as often as one guest can.",
            "Gästen har redan använt det så många gånger som en gäst får.",
            "El cliente ya la ha usado todas las veces que puede.",
        ],
    ),
    (
        r#"{"code":"APPROVAL_REQUIRED"}"#,
        [
            "A manager has to approve this one.",
            "En chef behöver godkänna rabatten.",
            "La tiene que autorizar un encargado.",
        ],
    ),
    (
        r#"{"code":"NOT_YET_VALID","from":"2026-06-05"}"#,
        [
            "It starts on 5 June 2026.",
            "Rabatten börjar gälla den 5 juni 2026.",
            "Empieza el 5 de junio de 2026.",
        ],
    ),
    (
        r#"{"code":"NOT_YET_VALID","from":"2026-06-05T18:00:00Z"}"#,
        [
            "It starts on 5 June 2026 at 20:00.",
            "Rabatten börjar gälla den 5 juni 2026 kl. 20.00.",
            "Empieza el 5 de junio de 2026 a las 20:00.",
        ],
    ),
    (
        r#"{"code":"NO_LONGER_VALID","until":"2026-06-05"}"#,
        [
            "It was valid until 5 June 2026.",
            "Rabatten gällde till och med den 5 juni 2026.",
            "Fue válida hasta el 5 de junio de 2026.",
        ],
    ),
    (
        r#"{"code":"NO_LONGER_VALID","until":"2026-06-05T18:00:00Z"}"#,
        [
            "It was valid until 5 June 2026 at 20:00.",
            "Rabatten gällde till den 5 juni 2026 kl. 20.00.",
            "Fue válida hasta el 5 de junio de 2026 a las 20:00.",
        ],
    ),
    (
        r#"{"code":"OUTSIDE_TIME_WINDOW","daysOfWeek":[],"timeFrom":"17:00","timeUntil":null}"#,
        [
            "It only applies from 17:00.",
            "Rabatten gäller bara från kl. 17.00.",
            "Solo se aplica a partir de las 17:00.",
        ],
    ),
    (
        r#"{"code":"OUTSIDE_TIME_WINDOW","daysOfWeek":[],"timeFrom":null,"timeUntil":"11:00"}"#,
        [
            "It only applies until 11:00.",
            "Rabatten gäller bara fram till kl. 11.00.",
            "Solo se aplica hasta las 11:00.",
        ],
    ),
    (
        r#"{"code":"OUTSIDE_TIME_WINDOW","daysOfWeek":[5,6],"timeFrom":"22:00","timeUntil":"02:00"}"#,
        [
            "It only applies on Fridays and Saturdays from 22:00 to 02:00.",
            "Rabatten gäller bara på fredagar och lördagar mellan kl. 22.00 och 02.00.",
            "Solo se aplica los viernes y sábados de 22:00 a 02:00.",
        ],
    ),
    (
        r#"{"code":"OUTSIDE_TIME_WINDOW","daysOfWeek":[1],"timeFrom":null,"timeUntil":null}"#,
        [
            "It only applies on Mondays.",
            "Rabatten gäller bara på måndagar.",
            "Solo se aplica los lunes.",
        ],
    ),
    (
        r#"{"code":"MIN_PURCHASE_NOT_MET","short":1250}"#,
        [
            "Spend 12.50 kr more and this one applies.",
            "Handla för 12.50 kr till, så gäller rabatten.",
            "Con 12.50 kr más de compra se aplica.",
        ],
    ),
    (
        r#"{"code":"MIN_QUANTITY_NOT_MET","short":1}"#,
        [
            "Add 1 more and this one applies.",
            "Ta 1 till, så gäller rabatten.",
            "Añade 1 más y se aplica.",
        ],
    ),
    (
        r#"{"code":"NO_MATCHING_ITEM"}"#,
        [
            "Nothing on the order is part of this offer.",
            "Inget på notan ingår i erbjudandet.",
            "Nada de la cuenta entra en esta oferta.",
        ],
    ),
    (
        r#"{"code":"SET_INCOMPLETE"}"#,
        [
            "The order does not hold a complete set yet.",
            "Det saknas något för att paketet ska vara komplett.",
            "Falta algo para completar la combinación.",
        ],
    ),
    (
        r#"{"code":"MINIMUM_POINTS","minimum":100}"#,
        [
            "Minimum 100 points to redeem.",
            "Minst 100 poäng för att lösa in.",
            "Mínimo 100 puntos para canjear.",
        ],
    ),
    (
        r#"{"code":"NOT_ENOUGH_POINTS","available":1}"#,
        [
            "The guest has 1 point to spend.",
            "Gästen har 1 poäng att använda.",
            "El cliente tiene 1 punto para gastar.",
        ],
    ),
    (
        r#"{"code":"EXCLUDED_BY","discountId":"dis_1","itsSaving":2000,"thisSaving":1500}"#,
        [
            "It does not combine with Happy hour, which already takes off 20.00 kr; this one would take off 15.00 kr.",
            "Den kan inte kombineras med Happy hour, som redan drar av 20.00 kr; den här skulle dra av 15.00 kr.",
            "No se combina con Happy hour, que ya descuenta 20.00 kr; esta descontaría 15.00 kr.",
        ],
    ),
    (
        r#"{"code":"NO_SAVING"}"#,
        [
            "It would not take anything off this order.",
            "Den skulle inte dra av något på den här notan.",
            "No descontaría nada en esta cuenta.",
        ],
    ),
];

#[test]
fn every_code_is_said_as_a_host_would_say_it() {
    for (code, said) in SAID {
        let code: TraceCode = serde_json::from_str(code).expect("a code");
        assert_eq!(say(&code), *said, "{code:?}");
    }
}

#[test]
fn no_code_is_left_out() {
    let mut told: Vec<String> = SAID
        .iter()
        .map(|(code, _)| {
            let code: serde_json::Value = serde_json::from_str(code).expect("a code");
            code["code"].as_str().expect("a word").to_owned()
        })
        .collect();
    told.dedup();
    // Serde names all that there are when it meets one that there is not.
    let unknown = serde_json::from_str::<TraceCode>(r#"{"code":"?"}"#).expect_err("no such code");
    let unknown = unknown.to_string();
    let known: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
    assert_eq!(told, known);
}
