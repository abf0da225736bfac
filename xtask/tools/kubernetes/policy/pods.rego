# Pods: restricted, sized, ended with grace.
package main

deny contains found(it, "restricted", message) if {
	some it in workloads
	some container in containers(it)
	some message in unrestricted(pod(it).spec, container)
}

unrestricted(spec, container) := [sprintf("container %s: %s", [container.name, message]) | some message, holds in {
	"allowPrivilegeEscalation is not false": own(container, "allowPrivilegeEscalation") == false,
	"readOnlyRootFilesystem is not true": own(container, "readOnlyRootFilesystem") == true,
	"capabilities.drop lacks ALL": "ALL" in field(own(container, "capabilities"), "drop", []),
	"capabilities are added": count(field(own(container, "capabilities"), "add", [])) == 0,
	"runAsNonRoot is not true": either(spec, container, "runAsNonRoot") == true,
	"runAsUser is not set, or root": to_number(either(spec, container, "runAsUser")) > 0,
	"seccompProfile is not RuntimeDefault": either(spec, container, "seccompProfile") == {"type": "RuntimeDefault"},
}; not holds]

own(container, key) := field(field(container, "securityContext", {}), key, {})

# A container's own word, else the pod's.
either(spec, container, key) := value if {
	value := container.securityContext[key]
} else := value if {
	value := spec.securityContext[key]
} else := 0

deny contains found(it, "host", sprintf("%s is shared with the node", [key])) if {
	some it in workloads
	some key in ["hostNetwork", "hostPID", "hostIPC"]
	pod(it).spec[key]
}

deny contains found(it, "host", sprintf("volume %s is a path of the node", [volume.name])) if {
	some it in workloads
	some volume in field(pod(it).spec, "volumes", [])
	volume.hostPath
}

deny contains found(it, "token", "automountServiceAccountToken is not false") if {
	some it in workloads
	not pod(it).spec.automountServiceAccountToken == false
}

deny contains found(it, "service-links", "enableServiceLinks is not false: every Service would be in the environment") if {
	some it in workloads
	not pod(it).spec.enableServiceLinks == false
}

deny contains found(it, "resources", sprintf("container %s has no %s", [container.name, concat(".", path)])) if {
	some it in workloads
	some container in containers(it)
	some path in [
		["requests", "cpu"],
		["requests", "memory"],
		["requests", "ephemeral-storage"],
		["limits", "memory"],
		["limits", "ephemeral-storage"],
	]
	not object.get(field(container, "resources", {}), path, false)
}

deny contains found(it, "image", sprintf("container %s: %s has neither a digest nor a tag, or a tag that moves", [container.name, container.image])) if {
	some it in workloads
	some container in containers(it)
	not contains(container.image, "@sha256:")
	not fixed_tag(container.image)
}

fixed_tag(image) if {
	parts := split(image, "/")
	[_, tag] := split(parts[count(parts) - 1], ":")
	not tag in {"", "latest", "main", "master", "edge", "stable"}
}

deny contains found(it, "env-twice", sprintf("container %s: %s is there twice", [container.name, container.env[i].name])) if {
	some it in workloads
	some container in containers(it)
	some i, j
	container.env[i].name == container.env[j].name
	i < j
}

deny contains found(it, "grace", sprintf("container %s has no preStop: requests arrive until every node knows that it goes", [container.name])) if {
	some it in workloads
	it.kind in {"Deployment", "Rollout"}
	labels(it)["app.kubernetes.io/managed-by"] == "Helm"
	some container in pod(it).spec.containers
	not container.lifecycle.preStop
}

deny contains found(it, "grace", sprintf("container %s: preStop takes %d of %d seconds", [container.name, pause, whole])) if {
	some it in workloads
	some container in pod(it).spec.containers
	pause := container.lifecycle.preStop.sleep.seconds
	whole := field(pod(it).spec, "terminationGracePeriodSeconds", 30)
	pause * 2 > whole
}

deny contains found(it, "probe", sprintf("container %s has no %s", [container.name, probe])) if {
	some it in workloads
	it.kind in serving
	count(services(it)) > 0
	some container in pod(it).spec.containers
	some probe in ["readinessProbe", "livenessProbe"]
	not container[probe]
}

deny contains found(it, "probe", sprintf("container %s is restarted when it is not ready: both probes ask the same", [container.name])) if {
	some it in workloads
	some container in pod(it).spec.containers
	container.livenessProbe.httpGet.path == container.readinessProbe.httpGet.path
}

deny contains found(it, "deadline", "a Job without activeDeadlineSeconds holds an upgrade up for ever") if {
	some it in of_kind("Job")
	not it.spec.activeDeadlineSeconds
}

deny contains found(it, "volume", sprintf("volume %s is in memory or on the node's disk without sizeLimit", [volume.name])) if {
	some it in workloads
	some volume in field(pod(it).spec, "volumes", [])
	"emptyDir" in object.keys(volume)
	not volume.emptyDir.sizeLimit
}

deny contains found(it, "volume", sprintf("container %s mounts %s, which is no volume", [container.name, mount.name])) if {
	some it in workloads
	some container in containers(it)
	some mount in field(container, "volumeMounts", [])
	not mount.name in volumes(it)
}

deny contains found(it, "volume", sprintf("volume %s is mounted nowhere", [volume])) if {
	some it in workloads
	some volume in volumes(it)
	mounted := {mount.name | some container in containers(it); some mount in field(container, "volumeMounts", [])}
	not volume in mounted
}

volumes(it) := {volume.name | some volume in field(pod(it).spec, "volumes", [])} | {claim.metadata.name |
	some claim in field(it.spec, "volumeClaimTemplates", [])
}
