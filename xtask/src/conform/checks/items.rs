//! §2: the example resource.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::{Connection, Request};
use crate::conform::items::{self, ITEMS};
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new("items.create", "2", "`POST` (201, `Location`)", When::Always, create),
    Check::new(
        "items.shape",
        "2",
        "an item is `{id, name, description, created_at, updated_at}`, ids are UUIDv7, times UTC with milliseconds",
        When::Always,
        shape,
    ),
    Check::new("items.get", "2", "`GET /{id}`", When::Always, get),
    Check::new("items.patch", "2", "`PATCH /{id}`", When::Always, patch),
    Check::new("items.delete", "2", "`DELETE /{id}` (204)", When::Always, delete),
    Check::new(
        "items.list",
        "2",
        "`GET ?limit=&cursor=` (`{\"items\": […], \"next_cursor\": \"…\" or null}`, oldest first), `limit` defaults to 20",
        When::Always,
        list,
    ),
    Check::new(
        "items.paging-while-writing",
        "2",
        "Paging by cursor never skips or repeats an item that was there throughout, while others write",
        When::Always,
        paging,
    ),
    Check::new(
        "items.round-trip",
        "2",
        "`name` is 1 to 200 code points, `description` at most 2 000 or null, any text survives",
        When::Always,
        round_trip,
    ),
    Check::new(
        "items.memory",
        "2",
        "In memory when there is no database: another instance knows nothing of it",
        When::NoDatabase,
        memory,
    ),
    Check::new(
        "items.kept",
        "2",
        "In the database: a second instance reads what the first wrote",
        When::Database,
        kept,
    ),
];

fn create(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let answer = items::post(instance, &json!({ "name": "first" }))?.expect(201)?;
    let location = answer.header("location").context("no Location")?;
    let path = location.strip_prefix("http://orders.test").unwrap_or(location);
    let item = answer.json()?;
    ensure!(path == items::path(&item), "Location is {location}");
    let read = instance.get(path)?.expect(200)?.json()?;
    ensure!(read == item, "reading gives {read} instead of {item}");
    Ok(())
}

fn shape(bed: &Bed) -> Result<()> {
    let item = items::create(bed.main()?, "shape")?;
    let keys: Vec<&String> = item.as_object().context("no object")?.keys().collect();
    for key in ["id", "name", "description", "created_at", "updated_at"] {
        ensure!(item.get(key).is_some(), "no `{key}` in {item}");
    }
    ensure!(keys.len() == 5, "members are {keys:?}");
    ensure!(item["description"].is_null(), "description is {}", item["description"]);
    let id = item["id"].as_str().unwrap_or_default();
    ensure!(is_uuid7(id), "id {id} is no UUIDv7");
    for key in ["created_at", "updated_at"] {
        let time = item[key].as_str().unwrap_or_default();
        ensure!(is_time(time), "{key} is {time}");
    }
    Ok(())
}

fn is_uuid7(id: &str) -> bool {
    let shape = "xxxxxxxx-xxxx-7xxx-yxxx-xxxxxxxxxxxx";
    id.len() == shape.len()
        && id.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            b'y' => b"89ab".contains(&byte),
            other => byte == other,
        })
}

/// `2026-01-31T12:59:59.123Z`.
fn is_time(time: &str) -> bool {
    let shape = "0000-00-00T00:00:00.000Z";
    time.len() == shape.len()
        && time.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

fn get(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "to get")?;
    let read = instance.get(&items::path(&item))?.expect(200)?.json()?;
    ensure!(read == item, "{read} instead of {item}");
    let absent = format!("{ITEMS}/01890000-0000-7000-8000-000000000000");
    items::problem(&instance.get(&absent)?, 404)?;
    Ok(())
}

fn patch(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "before")?;
    std::thread::sleep(std::time::Duration::from_millis(5));
    let body = json!({ "description": "now with one" });
    let changed = items::patch(instance, &item, &body)?.expect(200)?.json()?;
    ensure!(changed["name"] == "before", "the other field changed: {changed}");
    ensure!(changed["description"] == "now with one", "not changed: {changed}");
    ensure!(
        changed["created_at"] == item["created_at"],
        "created_at changed: {changed}"
    );
    let (old, new) = (item["updated_at"].as_str(), changed["updated_at"].as_str());
    ensure!(new > old, "updated_at went from {old:?} to {new:?}");
    let read = instance.get(&items::path(&item))?.expect(200)?.json()?;
    ensure!(read == changed, "reading gives {read}");
    let cleared = items::patch(instance, &item, &json!({ "description": null }))?.expect(200)?;
    ensure!(cleared.json()?["description"].is_null(), "null does not clear it");
    Ok(())
}

fn delete(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let item = items::create(instance, "to delete")?;
    let delete = Request::new("DELETE", &items::path(&item));
    let answer = instance.send(&delete)?.expect(204)?;
    ensure!(answer.body.is_empty(), "204 with a body");
    items::problem(&instance.get(&items::path(&item))?, 404)?;
    items::problem(&instance.send(&delete)?, 404)?;
    Ok(())
}

fn list(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let made: Result<Vec<Value>> = (0..25)
        .map(|number| items::create(instance, &format!("list {number}")))
        .collect();
    let made = made?;
    let first = instance.get(ITEMS)?.expect(200)?.json()?;
    ensure!(
        first["items"].as_array().is_some_and(|page| page.len() == 20),
        "no page of 20"
    );
    ensure!(
        first["next_cursor"].is_string(),
        "no next_cursor: {}",
        first["next_cursor"]
    );
    let all = items::all(instance, 7)?;
    let ids: Vec<&str> = all.iter().filter_map(|item| item["id"].as_str()).collect();
    ensure!(
        ids.iter().collect::<HashSet<_>>().len() == ids.len(),
        "an item is there twice"
    );
    // Two writers at the same moment may differ by what their clocks do.
    let second = |item: &Value| {
        item["created_at"]
            .as_str()
            .and_then(|time| time.get(..18))
            .map(str::to_owned)
    };
    let times: Vec<String> = all.iter().filter_map(second).collect();
    ensure!(times.is_sorted(), "not oldest first");
    let positions: Option<Vec<usize>> = made
        .iter()
        .map(|item| ids.iter().position(|id| item["id"].as_str() == Some(*id)))
        .collect();
    ensure!(
        positions.context("an item is missing")?.is_sorted(),
        "not in the order of creation"
    );
    Ok(())
}

fn paging(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let stayed: Result<Vec<Value>> = (0..60)
        .map(|number| items::create(&instance, &format!("stays {number}")))
        .collect();
    let stayed = stayed?;
    let (address, stop) = (instance.public, Arc::new(AtomicBool::new(false)));
    let flag = Arc::clone(&stop);
    let writer = std::thread::spawn(move || -> Result<usize> {
        let mut writes = 0;
        let mut mine: Vec<Value> = Vec::new();
        while !flag.load(Ordering::Relaxed) {
            let make = Request::json("POST", ITEMS, &json!({ "name": "comes and goes" }));
            mine.push(Connection::open(address)?.send(&make)?.expect(201)?.json()?);
            if mine.len() > 3 {
                let delete = Request::new("DELETE", &items::path(&mine.remove(0)));
                Connection::open(address)?.send(&delete)?.expect(204)?;
            }
            writes += 1;
        }
        Ok(writes)
    });
    let mut outcome = Ok(());
    for limit in [1, 3, 7, 10] {
        outcome = outcome.and_then(|()| {
            let all = items::all(&instance, limit)?;
            for item in &stayed {
                let times = all.iter().filter(|other| other["id"] == item["id"]).count();
                ensure!(times == 1, "limit {limit}: {} is there {times} times", item["name"]);
            }
            Ok(())
        });
    }
    stop.store(true, Ordering::Relaxed);
    let writes = writer.join().map_err(|_| anyhow::anyhow!("the writer died"))??;
    ensure!(writes > 5, "only {writes} writes meanwhile");
    outcome
}

fn round_trip(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let texts = [
        "Ünïcödé – “quotes” <b>&amp;",
        "日本語 العربية עברית हिन्दी",
        "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 e\u{301}",
        "line\nbreak\ttab \u{1} \u{7f} \u{feff} \u{202e}",
        "'; DROP TABLE items; -- $1 %s {{x}} ${y} \\u0041",
        "\u{10ffff}\u{e000}\u{fffd}",
    ];
    for text in texts {
        let body = json!({ "name": text, "description": text });
        let made = items::post(instance, &body)?.expect(201)?.json()?;
        let read = instance.get(&items::path(&made))?.expect(200)?.json()?;
        ensure!(read["name"] == text, "{text:?} became {}", read["name"]);
        ensure!(read["description"] == text, "{text:?} became {}", read["description"]);
    }
    let largest = json!({ "name": "😀".repeat(200), "description": "𝔘".repeat(2000) });
    let made = items::post(instance, &largest)?.expect(201)?.json()?;
    let read = instance.get(&items::path(&made))?.expect(200)?.json()?;
    ensure!(read["name"] == largest["name"], "the longest name does not survive");
    ensure!(
        read["description"] == largest["description"],
        "the longest description does not"
    );
    Ok(())
}

fn memory(bed: &Bed) -> Result<()> {
    let item = items::create(bed.main()?, "only here")?;
    let other = bed.start(&Settings::new())?;
    items::problem(&other.get(&items::path(&item))?, 404)?;
    Ok(())
}

fn kept(bed: &Bed) -> Result<()> {
    let item = items::create(bed.main()?, "kept")?;
    let other = bed.start(&Settings::new())?;
    let read = other.get(&items::path(&item))?.expect(200)?.json()?;
    ensure!(read == item, "{read} instead of {item}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_are_told_from_others() {
        assert!(is_uuid7("01890000-0000-7000-8000-0000000000ff"));
        assert!(!is_uuid7("01890000-0000-4000-8000-0000000000ff"));
        assert!(is_time("2026-01-31T12:59:59.123Z"));
        assert!(!is_time("2026-01-31T12:59:59Z"));
        assert!(!is_time("2026-01-31T12:59:59.123+00:00"));
    }
}
