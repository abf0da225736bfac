# How the objects of a set fit together.
package main

deny contains found(it, "selector", "the selector does not take its own pods") if {
	some it in workloads
	it.kind in serving
	not takes(it.spec.selector.matchLabels, labels(pod(it)))
}

deny contains found(it, "selector", "the selector takes no pod of the set") if {
	some it in of_kind("Service")
	it.spec.selector
	count(workloads) > 0
	count([1 | some workload in workloads; takes(it.spec.selector, labels(pod(workload)))]) == 0
}

deny contains found(it, "selector", sprintf("it takes the pods of %s/%s, which serve nothing", [workload.kind, workload.metadata.name])) if {
	some it in of_kind("Service")
	it.spec.selector
	some workload in workloads
	workload.kind in {"Job", "CronJob", "Pod"}
	takes(it.spec.selector, labels(pod(workload)))
}

deny contains found(it, "selector", "it takes no pod of the set") if {
	some it in objects
	it.kind in {"NetworkPolicy", "PodDisruptionBudget"}
	selector := field(it.spec[{"NetworkPolicy": "podSelector", "PodDisruptionBudget": "selector"}[it.kind]], "matchLabels", {})
	count(workloads) > 0
	count([1 | some workload in workloads; takes(selector, labels(pod(workload)))]) == 0
}

deny contains found(it, "selector", "a spread counts other pods than its own") if {
	some it in workloads
	some spread in field(pod(it).spec, "topologySpreadConstraints", [])
	not takes(spread.labelSelector.matchLabels, labels(pod(it)))
}

deny contains found(it, "selector", "it watches no Service of the set") if {
	some it in of_kind("ServiceMonitor")
	count([1 | some service in of_kind("Service"); takes(it.spec.selector.matchLabels, labels(service))]) == 0
}

deny contains found(it, "network", "no NetworkPolicy takes its pods") if {
	count(of_kind("NetworkPolicy")) > 0
	some it in workloads
	count([1 |
		some policy in of_kind("NetworkPolicy")
		takes(field(policy.spec.podSelector, "matchLabels", {}), labels(pod(it)))
	]) == 0
}

budgets(workload) := [budget |
	some budget in of_kind("PodDisruptionBudget")
	takes(budget.spec.selector.matchLabels, labels(pod(workload)))
]

deny contains found(it, "budget", sprintf("%d pods and no PodDisruptionBudget", [least(it)])) if {
	some it in workloads
	it.kind in serving
	least(it) > 1
	count(budgets(it)) == 0
}

deny contains found(it, "budget", "a budget over a single pod: no node can be emptied") if {
	some it in workloads
	it.kind in serving
	least(it) <= 1
	some budget in budgets(it)
	not budget.spec.maxUnavailable
}

deny contains found(it, "replicas", "replicas stand beside an autoscaler: every deployment undoes its work") if {
	some it in workloads
	scaler(it)
	"replicas" in object.keys(it.spec)
}

deny contains found(it, "scale-target", "it scales nothing that is in the set") if {
	some it in of_kind("HorizontalPodAutoscaler")
	to := it.spec.scaleTargetRef
	count([1 | some workload in workloads; workload.kind == to.kind; workload.metadata.name == to.name; workload.apiVersion == to.apiVersion]) == 0
}

ports(workload) := {port.name | some container in containers(workload); some port in field(container, "ports", [])}

deny contains found(it, "port", sprintf("targetPort %s is no port of its pods", [port.targetPort])) if {
	some it in of_kind("Service")
	some port in it.spec.ports
	is_string(port.targetPort)
	some workload in workloads
	workload.kind in serving
	takes(field(it.spec, "selector", {}), labels(pod(workload)))
	not port.targetPort in ports(workload)
}

deny contains found(it, "port", sprintf("%s asks port %s, which the pod does not have", [probe, port])) if {
	some it in workloads
	some container in pod(it).spec.containers
	some probe in ["startupProbe", "livenessProbe", "readinessProbe"]
	port := container[probe].httpGet.port
	is_string(port)
	not port in ports(it)
}

deny contains found(it, "port", sprintf("endpoint %s is no port of its Services", [endpoint.port])) if {
	some it in of_kind("ServiceMonitor")
	some endpoint in it.spec.endpoints
	not endpoint.port in {port.name |
		some service in of_kind("Service")
		takes(it.spec.selector.matchLabels, labels(service))
		some port in service.spec.ports
	}
}

backends contains {"by": it, "service": backend.name, "port": backend.port} if {
	some it in of_kind("HTTPRoute")
	some rule in it.spec.rules
	some backend in field(rule, "backendRefs", [])
}

backends contains {"by": it, "service": backend.name, "port": backend.port[_]} if {
	some it in of_kind("Ingress")
	some rule in it.spec.rules
	some path in rule.http.paths
	backend := path.backend.service
}

deny contains found(backend.by, "backend", sprintf("Service %s with port %v is not in the set", [backend.service, backend.port])) if {
	some backend in backends
	count([1 |
		some service in of_kind("Service")
		service.metadata.name == backend.service
		some port in service.spec.ports
		backend.port in {port.name, port.port}
	]) == 0
}

# What a pod cannot start without, and the set should bring; a Secret may come from elsewhere, and so does
# what is named so.
needs contains {"workload": workload, "kind": "ServiceAccount", "name": pod(workload).spec.serviceAccountName} if {
	some workload in workloads
	pod(workload).spec.serviceAccountName != "default"
}

needs contains {"workload": workload, "kind": "ConfigMap", "name": name} if {
	some workload in workloads
	some name in referred(workload, "configMapRef", "configMapKeyRef", "configMap", "name")
	not startswith(name, "elsewhere-")
}

needs contains {"workload": workload, "kind": "ExternalSecret", "name": secret.metadata.name} if {
	some workload in workloads
	some name in referred(workload, "secretRef", "secretKeyRef", "secret", "secretName")
	some secret in of_kind("ExternalSecret")
	field(field(secret.spec, "target", {}), "name", secret.metadata.name) == name
}

referred(workload, from, key, volume, name) := {source[from].name |
	some container in containers(workload)
	some source in field(container, "envFrom", [])
} | {variable.valueFrom[key].name |
	some container in containers(workload)
	some variable in field(container, "env", [])
} | {at[volume][name] |
	some at in field(pod(workload).spec, "volumes", [])
}

# A script may make what plain manifests need; a chart brings it.
deny contains found(need.workload, "reference", sprintf("%s %s is not in the set", [need.kind, need.name])) if {
	some need in needs
	labels(need.workload)["app.kubernetes.io/managed-by"] == "Helm"
	count([1 | some it in of_kind(need.kind); it.metadata.name == need.name]) == 0
}

# A hook runs before the objects of the release exist: what it needs is a hook before it.
deny contains found(need.workload, "hook-order", sprintf("it runs as %s before %s %s exists", [hook, need.kind, need.name])) if {
	some need in needs
	some hook in hooks(need.workload)
	startswith(hook, "pre-")
	some it in of_kind(need.kind)
	it.metadata.name == need.name
	not before(it, need.workload, hook)
}

before(it, workload, hook) if {
	hook in hooks(it)
	weight(it) < weight(workload)
}

deny contains found(it, "name", sprintf("%d characters: 63 are the limit", [count(it.metadata.name)])) if {
	some it in objects
	count(it.metadata.name) > 63
}

deny contains found(it, "labels", sprintf("it has no label %s", [label])) if {
	some it in objects
	labels(it)["app.kubernetes.io/managed-by"] == "Helm"
	some label in ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "helm.sh/chart"]
	not labels(it)[label]
}
