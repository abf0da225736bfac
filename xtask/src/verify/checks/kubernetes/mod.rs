//! Charts and manifests of Kubernetes.

mod alerts;
mod charts;
mod lint;
mod manifests;
mod pairs;
mod scan;
mod schemas;
mod values;

use super::{Check, Scope, Select, Version};

const CHARTS: &[&str] = &["deploy/helm/**"];
const MANIFESTS: &[&str] = &[
    "deploy/helm/**",
    "deploy/kubernetes/**/*.yaml",
    "deploy/argocd/**/*.yaml",
];
const ALERTS: &[&str] = &[
    "deploy/helm/*/templates/**/*.yaml",
    "deploy/kubernetes/**/*.yaml",
    "docs/runbooks/*.md",
];

const HELM: &str = "helm.sh/helm/v4";

/// The checks of charts and manifests; those that need what helm renders wait for the first of them.
pub fn all() -> Vec<Check> {
    let check = |id, package, patterns, cost, run| Check {
        id,
        version: Version::Pin(package),
        select: Select::Globs(patterns),
        scope: Scope::Together,
        cost,
        run,
    };
    vec![
        check("helm-template", HELM, MANIFESTS, 60, lint::template),
        check("helm-lint", HELM, CHARTS, 40, lint::lint),
        check("chart-values", HELM, CHARTS, 30, values::attack),
        check("helm-docs", "github.com/norwoodj/helm-docs", CHARTS, 2, lint::docs),
        check(
            "kubeconform",
            "github.com/yannh/kubeconform",
            MANIFESTS,
            20,
            scan::kubeconform,
        ),
        check(
            "conftest",
            "github.com/open-policy-agent/conftest",
            MANIFESTS,
            21,
            scan::conftest,
        ),
        check(
            "kube-score",
            "github.com/zegl/kube-score",
            MANIFESTS,
            22,
            scan::kube_score,
        ),
        check(
            "prometheus-rules",
            "github.com/prometheus/prometheus",
            MANIFESTS,
            20,
            alerts::rules,
        ),
        check("checkov-kubernetes", "checkov", MANIFESTS, 23, scan::checkov),
        Check {
            id: "runbooks",
            version: Version::Own,
            select: Select::Globs(ALERTS),
            scope: Scope::Trees,
            cost: 1,
            run: alerts::runbooks,
        },
    ]
}
