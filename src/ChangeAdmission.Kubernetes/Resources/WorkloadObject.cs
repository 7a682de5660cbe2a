using System.Runtime.InteropServices;
using System.Text.Json;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>What is held of a workload: a few values, never the object.</summary>
/// <param name="Problem">Why its template has no digest; null when it has.</param>
public sealed record WorkloadObject(
    WorkloadSeen Seen,
    RolloutProgress Progress,
    string ResourceVersion,
    bool IsPaused,
    string? PausedBy,
    IReadOnlyList<string> Images,
    DateTimeOffset? CreatedAt,
    string? Problem)
{
    private static readonly string[] ContainerLists = ["initContainers", "containers"];

    public static string CollectionOf(WorkloadKind kind) => $"apis/apps/v1/{PluralOf(kind)}";

    public static string CollectionOf(WorkloadKind kind, string ns) => $"apis/apps/v1/namespaces/{Uri.EscapeDataString(ns)}/{PluralOf(kind)}";

    public static string PathOf(WorkloadReference workload) => $"{CollectionOf(workload.Kind, workload.Namespace)}/{Uri.EscapeDataString(workload.Name)}";

    public static string PluralOf(WorkloadKind kind) => kind switch
    {
        WorkloadKind.Deployment => "deployments",
        WorkloadKind.StatefulSet => "statefulsets",
        WorkloadKind.DaemonSet => "daemonsets",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The projection of an object as the API server sent it. Never throws for what the API server can store.</summary>
    public static WorkloadObject Read(WorkloadKind kind, JsonElement workload)
    {
        var metadata = workload.GetProperty("metadata");
        var spec = workload.GetProperty("spec");
        var reference = new WorkloadReference(Text(metadata, "namespace")!, kind, Text(metadata, "name")!);
        var template = JsonMarshal.GetRawUtf8Value(spec.GetProperty("template"));
        var (digest, problem) = DigestOf(reference, template);
        var annotations = Child(metadata, "annotations");
        var generation = Number(metadata, "generation");
        var progress = ProgressOf(kind, spec, Child(workload, "status"), generation);
        return new WorkloadObject(
            new WorkloadSeen(
                reference,
                Text(metadata, "uid")!,
                digest,
                TemplateFingerprint.Of(template),
                generation,
                progress == RolloutProgress.Complete,
                [.. ApprovalAnnotation.Values(Text(annotations, WellKnown.SeniorApproval))]),
            progress,
            Text(metadata, "resourceVersion")!,
            Child(spec, "paused") is { ValueKind: JsonValueKind.True },
            Text(annotations, WellKnown.PausedBy),
            ImagesOf(spec.GetProperty("template")),
            metadata.TryGetProperty("creationTimestamp", out var created) && created.TryGetDateTimeOffset(out var at) ? at : null,
            problem);
    }

    private static (ChangeDigest Digest, string? Problem) DigestOf(WorkloadReference workload, ReadOnlySpan<byte> template)
    {
        try
        {
            return (ChangeDigest.Compute(workload, template.ToArray()), null);
        }
        catch (InvalidPodTemplateException e)
        {
            return (default, e.Message);
        }
    }

    // As kubectl judges it: k8s.io/kubectl, pkg/polymorphichelpers/rollout_status.go.
    private static RolloutProgress ProgressOf(WorkloadKind kind, JsonElement spec, JsonElement status, long generation)
    {
        if (Number(status, "observedGeneration") < generation)
        {
            return RolloutProgress.Progressing;
        }

        var replicas = spec.TryGetProperty("replicas", out var wanted) ? wanted.GetInt64() : 1;
        switch (kind)
        {
            case WorkloadKind.Deployment when HasExceededDeadline(status):
                return RolloutProgress.Failed;
            case WorkloadKind.Deployment:
                return Number(status, "updatedReplicas") >= replicas
                    && Number(status, "replicas") <= Number(status, "updatedReplicas")
                    && Number(status, "availableReplicas") >= Number(status, "updatedReplicas")
                        ? RolloutProgress.Complete : RolloutProgress.Progressing;
            case WorkloadKind.StatefulSet:
                return Number(status, "readyReplicas") >= replicas && Text(status, "updateRevision") == Text(status, "currentRevision")
                    ? RolloutProgress.Complete : RolloutProgress.Progressing;
            case WorkloadKind.DaemonSet:
                return Number(status, "updatedNumberScheduled") >= Number(status, "desiredNumberScheduled")
                    && Number(status, "numberAvailable") >= Number(status, "desiredNumberScheduled")
                        ? RolloutProgress.Complete : RolloutProgress.Progressing;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    private static bool HasExceededDeadline(JsonElement status) =>
        Child(status, "conditions") is { ValueKind: JsonValueKind.Array } conditions
        && conditions.EnumerateArray().Any(c => Text(c, "type") == "Progressing" && Text(c, "reason") == "ProgressDeadlineExceeded");

    private static string[] ImagesOf(JsonElement template) =>
    [
        .. ContainerLists
            .Select(list => Child(Child(template, "spec"), list))
            .Where(list => list.ValueKind == JsonValueKind.Array)
            .SelectMany(list => list.EnumerateArray())
            .Select(container => Text(container, "image"))
            .OfType<string>(),
    ];

    private static JsonElement Child(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) ? child : default;

    private static string? Text(JsonElement parent, string name) =>
        Child(parent, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static long Number(JsonElement parent, string name) =>
        Child(parent, name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : 0;
}
