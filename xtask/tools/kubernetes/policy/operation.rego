# Alerts, rights and namespaces.
package main

deny contains found(it, "alert", sprintf("%s: %s", [rule.alert, message])) if {
	some it in of_kind("PrometheusRule")
	some group in it.spec.groups
	some rule in group.rules
	rule.alert
	some message in nameless(rule)
}

nameless(rule) := [message | some message, holds in {
	"no annotation `runbook` that names a page of docs/runbooks": regex.match(`^docs/runbooks/[a-z0-9-]+\.md$`, object.get(rule, ["annotations", "runbook"], "")),
	"no annotation `summary`": object.get(rule, ["annotations", "summary"], "") != "",
	"no label `severity`": object.get(rule, ["labels", "severity"], "") in {"critical", "warning", "info", "page", "ticket"},
}; not holds]

deny contains found(it, "rights", sprintf("%s: a rule that says `*` gives what nobody thought of", [key])) if {
	some it in objects
	it.kind in {"ClusterRole", "Role"}
	some rule in it.rules
	some key in ["apiGroups", "resources", "verbs"]
	"*" in field(rule, key, [])
}

deny contains found(it, "rights", "the whole cluster is more than a service needs") if {
	some it in of_kind("ClusterRoleBinding")
}

deny contains found(it, "single", sprintf("production with %d instance: one node less and it is gone", [least(it)])) if {
	some it in workloads
	it.kind in serving
	field(it.spec, "strategy", {}) != {"type": "Recreate"}
	some config in of_kind("ConfigMap")
	config.data.APP_ENV == "production"
	# Without a database the data is in the one instance.
	config.data.DATABASE_HOST
	least(it) < 2
}

deny contains found(it, "namespace", sprintf("label pod-security.kubernetes.io/%s is not `restricted`", [mode])) if {
	some it in of_kind("Namespace")
	some mode in ["audit", "enforce", "warn"]
	not labels(it)[concat("/", ["pod-security.kubernetes.io", mode])] == "restricted"
}
