using static ChangeAdmission.Core.Changes.ConditionalRules;
using static ChangeAdmission.Core.Changes.FieldRule;

namespace ChangeAdmission.Core.Changes;

/// <summary>
/// The table of defaults: which values of which fields of a pod template say the same as the field's absence, on every API server
/// from 1.20 on. A value that is not in the table always counts. So do explicit values of fields that are pointers in Go
/// (<c>optional: false</c>, <c>labelSelector: {}</c>): servers keep them apart from absence, and so does the digest.
/// </summary>
/// <remarks>
/// <para>
/// A wrong row is a hole: it lets two different changes share an approval. A missing row costs a second approval. When in doubt,
/// leave it out. Sources are functions in kubernetes <c>pkg/apis/core/v1/defaults.go</c>, <c>+default</c> marks that end in
/// <c>zz_generated.defaults.go</c> beside it, and the types in <c>staging/src/k8s.io/api/core/v1/types.go</c>.
/// </para>
/// <para>To change a row is to change digests: raise <see cref="ChangeDigest.TableVersion"/> with it.</para>
/// </remarks>
internal static partial class PodTemplateDefaults
{
    public static IReadOnlyList<DefaultsRow> Rows { get; } = [.. OfPod, .. OfContainers, .. OfVolumes];

    public static FieldPath Root { get; } = FieldPath.FromTable(Rows);

    // The columns of a table, not prose.
#pragma warning disable IDE0055
    private static DefaultsRow[] OfPod =>
    [
        // metav1.ObjectMeta; creationTimestamp is null from 1.20, and null is absence everywhere.
        new("metadata",                                                     EmptyObject,        "PodTemplateSpec.ObjectMeta"),
        new("metadata.{labels,annotations}",                                TextMap,            "ObjectMeta"),
        new("metadata.annotations['kubectl.kubernetes.io/restartedAt']",    RestartedAt,        "kubectl rollout restart"),
        new("metadata.{name,generateName,namespace,uid,resourceVersion,selfLink}", ZeroText,    "ObjectMeta"),
        new("metadata.{finalizers,ownerReferences}",                        EmptyList,          "ObjectMeta"),

        new("spec.restartPolicy",                       Default("Always"),                      "SetDefaults_PodSpec"),
        new("spec.dnsPolicy",                           Default("ClusterFirst"),                "SetDefaults_PodSpec"),
        new("spec.schedulerName",                       Default("default-scheduler"),           "SetDefaults_PodSpec"),
        new("spec.terminationGracePeriodSeconds",       PointerDefault(30),                     "SetDefaults_PodSpec"),
        new("spec.securityContext",                     EmptyObject,                            "SetDefaults_PodSpec"),
        new("spec.serviceAccount",                      ServiceAccount,                         "Convert_v1_PodSpec_To_core_PodSpec"),
        new("spec.{serviceAccountName,nodeName,hostname,subdomain,priorityClassName}", ZeroText, "PodSpec"),
        new("spec.{hostNetwork,hostPID,hostIPC}",       ZeroFlag,                               "PodSpec"),
        new("spec.nodeSelector",                        TextMap,                                "PodSpec"),
        new("spec.{volumes,initContainers,ephemeralContainers}", EmptyList,                     "PodSpec"),
        new("spec.{imagePullSecrets,tolerations,hostAliases,readinessGates,topologySpreadConstraints}", EmptyList, "PodSpec"),
        new("spec.{schedulingGates,resourceClaims}",    EmptyList,                              "PodSpec, since 1.26"),
        new("spec.overhead",                            FieldRule.ResourceList,                 "PodSpec"),
        new("spec.overhead.*",                          ResourceQuantity,                       "SetDefaults_ResourceList"),
        new("spec.resources.{limits,requests}",         FieldRule.ResourceList,                 "ResourceRequirements, since 1.32"),
        new("spec.resources.{limits,requests}.*",       ResourceQuantity,                       "SetDefaults_ResourceList"),
        new("spec.resources.claims",                    EmptyList,                              "ResourceRequirements, since 1.32"),

        new("spec.imagePullSecrets[].name",             ZeroText,                               "LocalObjectReference"),
        new("spec.tolerations[].{key,operator,value,effect}", ZeroText,                         "Toleration"),
        new("spec.hostAliases[].ip",                    ZeroText,                               "HostAlias"),
        new("spec.hostAliases[].hostnames",             EmptyList,                              "HostAlias"),
        new("spec.dnsConfig.{nameservers,searches,options}", EmptyList,                         "PodDNSConfig"),
        new("spec.dnsConfig.options[].name",            ZeroText,                               "PodDNSConfigOption"),

        new("spec.securityContext.{supplementalGroups,sysctls}", EmptyList,                     "PodSecurityContext"),
        new("spec.securityContext.sysctls[].value",     ZeroText,                               "Sysctl"),
        new("spec.securityContext.seLinuxOptions.{user,role,type,level}", ZeroText,             "SELinuxOptions"),

        new("spec.topologySpreadConstraints[].labelSelector.matchLabels", TextMap,              "LabelSelector"),
        new("spec.topologySpreadConstraints[].labelSelector.matchExpressions", EmptyList,       "LabelSelector"),
        new("spec.topologySpreadConstraints[].labelSelector.matchExpressions[].values", EmptyList, "LabelSelectorRequirement"),
        new("spec.topologySpreadConstraints[].matchLabelKeys", EmptyList,                       "TopologySpreadConstraint, since 1.25"),

        new("spec.affinity.nodeAffinity." + Preferred,  EmptyList,                              "NodeAffinity"),
        new("spec.affinity.nodeAffinity." + Preferred + "[].preference", EmptyObject,           "PreferredSchedulingTerm"),
        new(NodeTerm + ".{matchExpressions,matchFields}", EmptyList,                            "NodeSelectorTerm"),
        new(NodeTerm + ".{matchExpressions,matchFields}[].values", EmptyList,                   "NodeSelectorRequirement"),
        new("spec.affinity.{podAffinity,podAntiAffinity}.{" + Required + "," + Preferred + "}", EmptyList, "PodAffinity"),
        new(PodTerm + ".namespaces",                    EmptyList,                              "PodAffinityTerm"),
        new(PodTerm + ".{matchLabelKeys,mismatchLabelKeys}", EmptyList,                         "PodAffinityTerm, since 1.29"),
        new(PodTerm + ".{labelSelector,namespaceSelector}.matchLabels", TextMap,                "LabelSelector"),
        new(PodTerm + ".{labelSelector,namespaceSelector}.matchExpressions", EmptyList,         "LabelSelector"),
        new(PodTerm + ".{labelSelector,namespaceSelector}.matchExpressions[].values", EmptyList, "LabelSelectorRequirement"),
    ];
#pragma warning restore IDE0055

    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    private const string NodeTerm =
        "spec.affinity.nodeAffinity.{" + Required + ".nodeSelectorTerms[]," + Preferred + "[].preference}";
    private const string PodTerm =
        "spec.affinity.{podAffinity,podAntiAffinity}.{" + Required + "[]," + Preferred + "[].podAffinityTerm}";
}
