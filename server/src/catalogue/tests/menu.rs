use engine::money::Currency;

use super::tax_class;
use crate::both_stores;
use crate::catalogue::menu::read_menu;
use crate::catalogue::{Imported, import_menu};
use crate::hall::error::Error;
use crate::hall::testing::TestApp;

const MENU: &str = "\u{feff}name,category,price,taxClass,regulated
Lager 50 cl, Beer, 8.90, Alcohol, alcohol
\"Fish, chips\",Food,\"14,5\",Food,
Waffle, food, 7, FOOD,
";

both_stores! {
    async fn a_menu_is_taken_from_a_spreadsheet(app: TestApp) {
        tax_class(&app, "Food").await;
        tax_class(&app, "Alcohol").await;
        let here = app.venue;
        let rows = read_menu(MENU, Currency::EUR).unwrap();
        let take = |rows: Vec<_>| app.write(move |tx| import_menu(tx, here, &rows));
        let did = |categories_created, products_created, products_updated| Imported {
            categories_created, products_created, products_updated,
        };
        assert_eq!(take(rows.clone()).await, did(2, 3, 0));
        assert_eq!(take(rows.clone()).await, did(0, 0, 0));
        let mut dearer = rows.clone();
        dearer[2].price = 800;
        assert_eq!(take(dearer).await, did(0, 0, 1));
        let page = app.staff().get(&app.till("/products")).await;
        let items = page.json["items"].as_array().unwrap();
        let shown: Vec<_> = items.iter().map(|item| {
            (item["name"].as_str().unwrap(), item["price"]["amount"].as_i64().unwrap(), item["category"]["regulated"].as_str())
        }).collect();
        assert_eq!(shown, [("Fish, chips", 1_450, None), ("Lager 50 cl", 890, Some("ALCOHOL")), ("Waffle", 800, None)]);
        let mut wrong = rows;
        wrong[1].tax_class = "Luxury".into();
        let said = app.try_write(move |tx| import_menu(tx, here, &wrong)).await;
        assert!(matches!(said, Err(Error::Invalid(fields)) if fields[0].pointer == "/1/taxClass"));
    }
}

#[test]
fn each_wrong_row_is_named_by_its_line() {
    for (row, pointer) in [
        ("Lager,Beer,8.905,Alcohol,", "/2/price"),
        ("Lager,Beer,-1,Alcohol,", "/2/price"),
        ("Lager,Beer,1e3,Alcohol,", "/2/price"),
        ("Lager,Beer,,Alcohol,", "/2/price"),
        ("Lager,Beer,99999999999999999999,Alcohol,", "/2/price"),
        ("Lager,Beer,1.00,Alcohol,TOBACCO", "/2/regulated"),
        ("Lager,Beer", "/2"),
    ] {
        let text = format!("name,category,price,taxClass,regulated\n{row}\n");
        match read_menu(&text, Currency::EUR) {
            Err(Error::Invalid(fields)) => assert_eq!(fields[0].pointer, pointer, "{row}"),
            other => panic!("{row} gave {other:?}"),
        }
    }
    let yen = read_menu(
        "name,category,price,taxClass\nTea,Drinks,500,Food\n",
        Currency::JPY,
    );
    assert_eq!(yen.unwrap()[0].price, 500);
    assert!(read_menu("name,price\nTea,5\n", Currency::EUR).is_err());
}
