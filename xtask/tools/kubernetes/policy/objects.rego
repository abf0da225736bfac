# What the other policies ask about a set of objects: one rendering of a chart, or one folder of manifests.
package main

objects := input.items

found(it, rule, message) := {
	"rule": rule,
	"kind": it.kind,
	"name": it.metadata.name,
	"msg": message,
}

templated := {"DaemonSet", "Deployment", "Job", "ReplicaSet", "Rollout", "StatefulSet"}

serving := {"DaemonSet", "Deployment", "Rollout", "StatefulSet"}

# The pods that an object makes, with what names and labels them.
pod(it) := it.spec.template if it.kind in templated

pod(it) := it.spec.jobTemplate.spec.template if it.kind == "CronJob"

pod(it) := {"metadata": it.metadata, "spec": it.spec} if it.kind == "Pod"

workloads := [it | some it in objects; pod(it)]

containers(it) := array.concat(
	field(pod(it).spec, "initContainers", []),
	pod(it).spec.containers,
)

field(it, key, otherwise) := it[key] if {
	it[key] != null
} else := otherwise

labels(it) := field(field(it, "metadata", {}), "labels", {})

annotations(it) := field(field(it, "metadata", {}), "annotations", {})

# Whether a selector of plain labels takes these labels; one that names none takes all.
takes(selector, wanted) if {
	every key, value in selector {
		wanted[key] == value
	}
}

of_kind(kind) := [it | some it in objects; it.kind == kind]

# The Services in front of a workload's pods.
services(workload) := [service |
	some service in of_kind("Service")
	service.spec.selector
	takes(service.spec.selector, labels(pod(workload)))
]

scaler(workload) := hpa if {
	some hpa in of_kind("HorizontalPodAutoscaler")
	hpa.spec.scaleTargetRef.kind == workload.kind
	hpa.spec.scaleTargetRef.name == workload.metadata.name
}

# How many pods there are at least.
least(workload) := number if {
	number := scaler(workload).spec.minReplicas
} else := field(workload.spec, "replicas", 1)

hooks(it) := {hook | some hook in split(field(annotations(it), "helm.sh/hook", ""), ","); hook != ""}

weight(it) := to_number(field(annotations(it), "helm.sh/hook-weight", "0"))
