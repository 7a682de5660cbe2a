using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>What the guard around the gate looks at in a ReplicaSet or a Pod.</summary>
/// <param name="Controller">The owner that controls it; null for none.</param>
/// <param name="Template">The pod template of a ReplicaSet as it stands, else empty.</param>
/// <param name="Images">Of a Pod's containers, and of its ephemeral ones.</param>
public sealed record GuardedObject(
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    OwnerReference? Controller,
    string Template,
    IReadOnlyList<string> Images)
{
    /// <summary>The label by which a Deployment's controller tells its ReplicaSets apart; it is no part of what was rolled out.</summary>
    public const string TemplateHash = "pod-template-hash";

    private static readonly string[] ContainerLists = ["initContainers", "containers", "ephemeralContainers"];

    public static GuardedObject Read(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        var metadata = Child(document.RootElement, "metadata");
        var spec = Child(document.RootElement, "spec");
        return new GuardedObject(
            Map(Child(metadata, "labels")),
            Map(Child(metadata, "annotations")),
            ControllerOf(metadata),
            Child(spec, "template") is { ValueKind: JsonValueKind.Object } template ? template.GetRawText() : "",
            ImagesOf(spec));
    }

    /// <summary>The digest that a ReplicaSet's template has as that of a Deployment; null when it cannot be read.</summary>
    public ChangeDigest? DigestAs(WorkloadReference deployment)
    {
        try
        {
            var template = JsonNode.Parse(Template)!;
            if (template["metadata"]?["labels"] is JsonObject labels)
            {
                labels.Remove(TemplateHash);
            }

            return ChangeDigest.Compute(deployment, Encoding.UTF8.GetBytes(template.ToJsonString()));
        }
        catch (Exception e) when (e is InvalidPodTemplateException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The images that a pod spec names, with the list and the name of each container.</summary>
    public static IReadOnlyList<string> ImagesOf(JsonElement podSpec) =>
    [
        .. ContainerLists
            .SelectMany(list => Child(podSpec, list) is { ValueKind: JsonValueKind.Array } items
                ? items.EnumerateArray().Select(c => $"{list}/{Child(c, "name").ToString()}={Child(c, "image").ToString()}")
                : []),
    ];

    private static OwnerReference? ControllerOf(JsonElement metadata) =>
        Child(metadata, "ownerReferences") is { ValueKind: JsonValueKind.Array } owners
            ? owners.EnumerateArray().Where(o => Child(o, "controller").ValueKind == JsonValueKind.True)
                .Select(o => new OwnerReference
                {
                    ApiVersion = Child(o, "apiVersion").ToString(),
                    Kind = Child(o, "kind").ToString(),
                    Name = Child(o, "name").ToString(),
                    Uid = Child(o, "uid").ToString(),
                }).FirstOrDefault()
            : null;

    private static Dictionary<string, string> Map(JsonElement map) => map.ValueKind == JsonValueKind.Object
        ? map.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString(), StringComparer.Ordinal)
        : [];

    private static JsonElement Child(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) ? child : default;
}

/// <summary>A Deployment as the guard reads it: what it selects, what it runs, and which approvals it carries.</summary>
public sealed record GuardedDeployment(WorkloadReference Workload, string Uid, LabelSelector Selector, ChangeDigest Digest, IReadOnlyList<string> Images, IReadOnlyList<string> Approvals)
{
    public static GuardedDeployment Read(JsonElement deployment)
    {
        var seen = WorkloadObject.Read(WorkloadKind.Deployment, deployment).Seen;
        var spec = deployment.GetProperty("spec");
        return new GuardedDeployment(
            seen.Workload,
            seen.Uid,
            LabelSelectorValidator.Validate("spec.selector", spec.GetProperty("selector").Deserialize(ResourcesJson.Default.LabelSelectorSpec), []),
            seen.Digest,
            GuardedObject.ImagesOf(spec.GetProperty("template").GetProperty("spec")),
            seen.Approvals);
    }
}
