{{/* One installation a cluster: its CRDs, roles and webhooks are cluster-wide, so names are fixed and not the release's. */}}
{{- define "change-admission.name" -}}changeadmission{{- end }}

{{- define "change-admission.selectorLabels" -}}
app.kubernetes.io/name: change-admission
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "change-admission.labels" -}}
{{ include "change-admission.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "change-admission.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}{{ $image.repository }}@{{ $image.digest }}{{- else -}}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{- end }}
{{- end }}

{{/* The Secret that holds the certificate of cert-manager or of whoever else provides one. */}}
{{- define "change-admission.certificateSecret" -}}
{{ .Values.certificates.secretName | default "changeadmission-serving-certificate" }}
{{- end }}

{{/* CEL in webhook configurations: on by default since Kubernetes 1.28, relied upon since 1.29. */}}
{{- define "change-admission.hasMatchConditions" -}}
{{- if semverCompare ">=1.29-0" .Capabilities.KubeVersion.Version }}true{{ end }}
{{- end }}

{{- define "change-admission.hasAdmissionPolicies" -}}
{{- if and .Values.admissionPolicies.enabled (semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version) }}true{{ end }}
{{- end }}

{{/* (list root "auto"|true|false api): whether something optional is wanted, and there. */}}
{{- define "change-admission.isWanted" -}}
{{- $root := index . 0 }}{{ $wanted := index . 1 | toString }}{{ $api := index . 2 }}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") ($root.Capabilities.APIVersions.Has $api)) }}true{{ end }}
{{- end }}

{{/* (dict "root" . "path" "/validate/…"): without caBundle, which the controller or cert-manager publishes; an upgrade would reset it. */}}
{{- define "change-admission.clientConfig" -}}
clientConfig:
  {{- if .root.Values.webhooks.url }}
  url: {{ printf "%s%s" (trimSuffix "/" .root.Values.webhooks.url) .path | quote }}
  {{- else }}
  service:
    name: {{ include "change-admission.name" .root }}
    namespace: {{ .root.Release.Namespace }}
    path: {{ .path }}
  {{- end }}
{{- end }}

{{- define "change-admission.criticalNamespaces" -}}
namespaceSelector:
  matchLabels:
    {{ .Values.criticalLabel.key }}: {{ .Values.criticalLabel.value | quote }}
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: {{ concat (list "kube-system" .Release.Namespace) .Values.excludedNamespaces | uniq | toJson }}
{{- end }}

{{/* What a map of the object's metadata is, where it may be absent: (list "object" "labels"). */}}
{{- define "change-admission.metadataMap" -}}
{{- $object := index . 0 }}{{ $field := index . 1 -}}
(has({{ $object }}.metadata.{{ $field }}) ? {{ $object }}.metadata.{{ $field }} : {})
{{- end }}

{{/* Whether one of our annotations is another than before: a list of keys. */}}
{{- define "change-admission.annotationChanged" -}}
{{- $keys := list }}{{ range . }}{{ $keys = append $keys (printf "'changeadmission.io/%s'" .) }}{{ end -}}
[{{ join ", " $keys }}].exists(k, (has(object.metadata.annotations) && k in object.metadata.annotations ? object.metadata.annotations[k] : '') != (has(oldObject.metadata.annotations) && k in oldObject.metadata.annotations ? oldObject.metadata.annotations[k] : ''))
{{- end }}
