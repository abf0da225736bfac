//! §2: `/metrics`.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::conform::bed::Bed;
use crate::conform::check::{Check, When};
use crate::conform::http::Request;
use crate::conform::items::{self, ITEMS};
use crate::conform::pace;
use crate::conform::settings::Settings;

pub const CHECKS: &[Check] = &[
    Check::new(
        "metrics.names",
        "2",
        "Prometheus text, names alike in all languages",
        When::Always,
        metric_names,
    ),
    Check::new(
        "metrics.database",
        "2",
        "`db_pool_connections{state}`, `db_pool_wait_seconds`, `dependency_up{name}`",
        When::Database,
        database,
    ),
    Check::new(
        "metrics.cache",
        "2",
        "`cache_requests_total{result}`, `dependency_up{name}`",
        When::Cache,
        cache,
    ),
    Check::new(
        "metrics.routes",
        "2",
        "`route` is the OpenAPI pattern, else `unmatched`; an unknown method is `other`; probes are not counted",
        When::Always,
        routes,
    ),
    Check::new(
        "metrics.buckets",
        "2",
        "`http_request_duration_seconds` (5, 10, 25, 50, 100, 250, 500 ms, 1, 2, 2.5, 5, 10 s)",
        When::Always,
        buckets,
    ),
    Check::new(
        "metrics.in-flight",
        "2",
        "`http_requests_in_flight` falls back to 0",
        When::Always,
        in_flight,
    ),
];

/// One sample of the Prometheus text format.
pub struct Sample<'a> {
    pub name: &'a str,
    labels: &'a str,
    pub value: f64,
}

impl Sample<'_> {
    pub fn label(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.labels.split_once(&format!("{name}=\""))?;
        rest.split('"').next()
    }
}

/// The samples of a page.
pub fn samples(page: &str) -> impl Iterator<Item = Sample<'_>> {
    page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (left, value) = line.rsplit_once(' ')?;
        let (name, labels) = left.split_once('{').unwrap_or((left, ""));
        Some(Sample {
            name,
            labels,
            value: value.parse().ok()?,
        })
    })
}

/// The sum of a metric over the samples with these labels; `None` without any.
pub fn sum(page: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let values: Vec<f64> = samples(page)
        .filter(|sample| sample.name == name)
        .filter(|sample| labels.iter().all(|(key, value)| sample.label(key) == Some(value)))
        .map(|sample| sample.value)
        .collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

fn kind<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    page.lines()
        .find_map(|line| line.strip_prefix(&format!("# TYPE {name} ")))
}

fn need(page: &str, name: &str, kind_wanted: &str) -> Result<()> {
    ensure!(
        kind(page, name) == Some(kind_wanted),
        "{name} is of type {:?}",
        kind(page, name)
    );
    Ok(())
}

fn metric_names(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    instance.get(ITEMS)?.expect(200)?;
    let answer = instance.get_private("/metrics")?.expect(200)?;
    let content = answer.header("content-type").unwrap_or("");
    ensure!(content.starts_with("text/plain"), "content type {content}");
    let page = answer.text();
    need(&page, "http_requests_total", "counter")?;
    need(&page, "http_request_duration_seconds", "histogram")?;
    need(&page, "http_requests_in_flight", "gauge")?;
    need(&page, "rate_limited_total", "counter")?;
    need(&page, "build_info", "gauge")?;
    ensure!(sum(&page, "build_info", &[]) == Some(1.0), "build_info is not 1");
    for name in ["http_requests_total", "http_request_duration_seconds_count"] {
        let found = samples(&page).find(|sample| sample.name == name);
        let complete = found.is_some_and(|sample| {
            ["method", "route", "status"]
                .iter()
                .all(|label| sample.label(label).is_some())
        });
        ensure!(complete, "{name} lacks a label");
    }
    let memory = samples(&page).any(|sample| sample.name == "process_resident_memory_bytes");
    ensure!(memory, "no process_resident_memory_bytes of the runtime's own");
    Ok(())
}

fn database(bed: &Bed) -> Result<()> {
    let page = bed.main()?.get_private("/metrics")?.text();
    need(&page, "db_pool_connections", "gauge")?;
    need(&page, "db_pool_wait_seconds", "histogram")?;
    let states: Vec<&str> = ["idle", "used"]
        .into_iter()
        .filter(|state| sum(&page, "db_pool_connections", &[("state", state)]).is_some())
        .collect();
    ensure!(
        states.len() == 2,
        "states of db_pool_connections: {states:?} of idle, used"
    );
    let up = sum(&page, "dependency_up", &[("name", "database")]);
    ensure!(up == Some(1.0), "dependency_up{{name=\"database\"}} is {up:?}");
    Ok(())
}

fn cache(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    let path = items::path(&items::create(instance, "metrics of the cache")?);
    let count = |result: &str| -> Result<f64> {
        let page = instance.get_private("/metrics")?.text();
        Ok(sum(&page, "cache_requests_total", &[("result", result)]).unwrap_or(0.0))
    };
    let (hits, misses) = (count("hit")?, count("miss")?);
    for _ in 0..3 {
        instance.get(&path)?.expect(200)?;
    }
    let (hits, misses) = (count("hit")? - hits, count("miss")? - misses);
    ensure!(hits == 2.0 && misses == 1.0, "{hits} hits and {misses} misses counted");
    let page = instance.get_private("/metrics")?.text();
    let up = sum(&page, "dependency_up", &[("name", "cache")]);
    ensure!(up == Some(1.0), "dependency_up{{name=\"cache\"}} is {up:?}");
    Ok(())
}

fn routes(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    let item = items::create(&instance, "routes")?;
    let path = items::path(&item);
    instance.get(&path)?.expect(200)?;
    instance.get(&format!("{ITEMS}/not-a-uuid"))?.expect(404)?;
    instance.get(&format!("{ITEMS}?limit=5&token=x"))?.expect(200)?;
    items::patch(&instance, &item, &json!({ "name": "y" }))?.expect(200)?;
    instance.send(&Request::new("DELETE", &path))?.expect(204)?;
    instance.get("/nowhere/at/all")?.expect(404)?;
    instance.get("/wp-login.php?x=1")?.expect(404)?;
    let odd = instance.send(&Request::new("PROPFIND", "/nowhere"));
    let odder = instance.send(&Request::new("BREW", "/nowhere"));
    for probe in ["/live", "/ready", "/health"] {
        instance.get(probe)?.expect(200)?;
    }
    let page = instance.get_private("/metrics")?.text();
    let count = |method: &str, route: &str, status: &str| {
        let labels = [("method", method), ("route", route), ("status", status)];
        sum(&page, "http_requests_total", &labels).unwrap_or(0.0)
    };
    let one = "/api/v1/items/{id}";
    let cases = [
        ("POST", ITEMS, "201", 1.0),
        ("GET", one, "200", 1.0),
        ("GET", one, "404", 1.0),
        ("GET", ITEMS, "200", 1.0),
        ("PATCH", one, "200", 1.0),
        ("DELETE", one, "204", 1.0),
        ("GET", "unmatched", "404", 2.0),
    ];
    for (method, route, status, wanted) in cases {
        let counted = count(method, route, status);
        ensure!(
            counted == wanted,
            "{method} {route} {status} counted {counted}, not {wanted}"
        );
    }
    for sample in samples(&page).filter(|sample| sample.name == "http_requests_total") {
        let (route, method) = (
            sample.label("route").unwrap_or(""),
            sample.label("method").unwrap_or(""),
        );
        ensure!(
            !["/live", "/ready", "/health", "/metrics"].contains(&route),
            "{route} is counted"
        );
        ensure!(!route.contains("nowhere") && !route.contains('?'), "route {route}");
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
        ensure!(known.contains(&method), "method {method}");
    }
    // A server may refuse an unknown method before any handler sees it: then there is nothing to count.
    if odd.is_ok_and(|answer| answer.header("x-request-id").is_some())
        || odder.is_ok_and(|answer| answer.header("x-request-id").is_some())
    {
        let other = sum(&page, "http_requests_total", &[("method", "other")]);
        ensure!(other.is_some_and(|count| count >= 1.0), "no method `other`");
    }
    Ok(())
}

fn buckets(bed: &Bed) -> Result<()> {
    let instance = bed.main()?;
    instance.get(ITEMS)?.expect(200)?;
    let page = instance.get_private("/metrics")?.text();
    let mut bounds: Vec<f64> = samples(&page)
        .filter(|sample| sample.name == "http_request_duration_seconds_bucket")
        .filter_map(|sample| sample.label("le")?.parse().ok())
        .filter(|bound: &f64| bound.is_finite())
        .collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    let wanted = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0];
    ensure!(bounds == wanted, "buckets are {bounds:?}");
    Ok(())
}

fn in_flight(bed: &Bed) -> Result<()> {
    let instance = bed.start(&Settings::new())?;
    for _ in 0..20 {
        instance.get(ITEMS)?.expect(200)?;
        instance.get("/nowhere")?.expect(404)?;
    }
    let mut broken = instance.connect()?;
    broken.write(
        b"POST /api/v1/items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    )?;
    drop(broken);
    pace::pause(std::time::Duration::from_millis(500));
    let page = instance.get_private("/metrics")?.text();
    let now = sum(&page, "http_requests_in_flight", &[]);
    ensure!(now == Some(0.0), "http_requests_in_flight is {now:?} at rest");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_label() {
        let page = "# TYPE a counter\na{x=\"1\",y=\"b c\"} 2\na{x=\"2\"} 3.5\nb 1\n";
        assert_eq!(sum(page, "a", &[]), Some(5.5));
        assert_eq!(sum(page, "a", &[("x", "1")]), Some(2.0));
        assert_eq!(sum(page, "c", &[]), None);
        assert_eq!(kind(page, "a"), Some("counter"));
    }
}
