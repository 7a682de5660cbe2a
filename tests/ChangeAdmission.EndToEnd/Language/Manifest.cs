using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>Where a story begins: <c>A.Deployment("payments")</c>.</summary>
internal static class A
{
    public static Manifest Deployment(string name) => new(WorkloadKind.Deployment, name);

    public static Manifest StatefulSet(string name) => new(WorkloadKind.StatefulSet, name);

    public static Manifest DaemonSet(string name) => new(WorkloadKind.DaemonSet, name);

    /// <summary>A policy for the namespaces of one test; see <see cref="Namespaces.CriticalUnderAsync"/>.</summary>
    public static Policy Policy() => new($"policy-{Guid.NewGuid():n}"[..20]);
}

/// <summary>A workload as somebody keeps it in Git: no namespace, no status, nothing that a server fills in.</summary>
internal sealed record Manifest(WorkloadKind Kind, string Name)
{
    private ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    private ImmutableSortedDictionary<string, string> TemplateAnnotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The name of the application, in labels and images: two workloads may run the same.</summary>
    private string App { get; init; } = Name;

    private string Version { get; init; } = "1.0.0";

    private int Replicas { get; init; } = 1;

    private string? Finalizer { get; init; }

    /// <summary>As kubectl names it: <c>deployment/payments</c>.</summary>
    public string Reference => $"{Kind.ToString().ToLowerInvariant()}/{Name}";

    public string Image => $"registry.example.com/{App}:{Version}";

    public Manifest WithImage(string version) => this with { Version = version };

    public Manifest WithReplicas(int replicas) => this with { Replicas = replicas };

    public Manifest WithFinalizer(string finalizer) => this with { Finalizer = finalizer };

    /// <summary>The same content as another workload.</summary>
    public Manifest Named(string name) => this with { Name = name };

    public Manifest Annotated(string key, string value) => this with { Annotations = Annotations.SetItem(key, value) };

    public Manifest AnnotatedOnTemplate(string key, string value) =>
        this with { TemplateAnnotations = TemplateAnnotations.SetItem(key, value) };

    public Manifest DeclaredAIAssisted(string value = "true") => Annotated(WellKnown.AIAssisted, value);

    public Manifest DeclaredHuman() => Annotated(WellKnown.AIAssisted, "false");

    /// <summary>The stand-in for the kubelet leaves its pods pending.</summary>
    public Manifest NeverReady() => this with { TemplateAnnotations = TemplateAnnotations.SetItem("test.changeadmission.io/never-ready", "true") };

    public Manifest WrittenBy(string author) => Annotated(WellKnown.Author, author);

    public string PathIn(TestNamespace ns) => $"{CollectionIn(ns)}/{Name}";

    public string CollectionIn(TestNamespace ns) => $"apis/apps/v1/namespaces/{ns.Name}/{Kind.ToString().ToLowerInvariant()}s";

    /// <summary>What a senior would have to approve, computed from the manifest alone.</summary>
    public ChangeDigest DigestIn(TestNamespace ns) => ChangeDigest.Compute(
        new WorkloadReference(ns.Name, Kind, Name),
        Encoding.UTF8.GetBytes(ToJson()["spec"]!["template"]!.ToJsonString()));

    /// <summary>The value of the approval annotation.</summary>
    public string ApprovalIn(TestNamespace ns, string by) => $"{DigestIn(ns)}/{by}";

    public JsonObject ToJson()
    {
        var labels = new JsonObject { ["app"] = App };
        var metadata = new JsonObject { ["name"] = Name, ["annotations"] = Map(Annotations) };
        if (Finalizer is not null)
        {
            metadata["finalizers"] = new JsonArray(Finalizer);
        }

        var spec = new JsonObject
        {
            ["selector"] = new JsonObject { ["matchLabels"] = labels.DeepClone() },
            ["template"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["labels"] = labels, ["annotations"] = Map(TemplateAnnotations) },
                ["spec"] = new JsonObject
                {
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = Image }),
                },
            },
        };
        if (Kind != WorkloadKind.DaemonSet)
        {
            spec["replicas"] = Replicas;
        }

        if (Kind == WorkloadKind.StatefulSet)
        {
            spec["serviceName"] = Name;
        }

        return new JsonObject { ["apiVersion"] = "apps/v1", ["kind"] = Kind.ToString(), ["metadata"] = metadata, ["spec"] = spec };
    }

    public override string ToString() => Reference;

    private static JsonObject Map(ImmutableSortedDictionary<string, string> map) =>
        new(map.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}
