//! The places that a service is deployed to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One place that the service is deployed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// `production`, `eu-staging`: `[a-z][a-z0-9-]*`, 30 characters at most; the value of `APP_ENV`.
    pub id: String,
    /// What it is for; decides defaults such as approval.
    pub class: EnvironmentClass,
    /// The host name that users reach it by.
    #[serde(default)]
    pub domain: Option<String>,
    /// The cloud account.
    #[serde(default)]
    pub account: Option<String>,
    /// The cloud region.
    #[serde(default)]
    pub region: Option<String>,
    /// The cluster.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The namespace in the cluster; when absent, the project's slug and the id: `orders-staging`.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Who may approve a deployment.
    #[serde(default)]
    pub approvers: Vec<String>,
}

/// What an environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentClass {
    /// For developers to try things.
    Development,
    /// As production, for the last check.
    Staging,
    /// For the users.
    Production,
}
