using System.Text.Json.Nodes;
using ChangeAdmission.EndToEnd.Cluster;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>A ChangeApproval as a senior writes it: which change, and why.</summary>
internal sealed record Approval(Manifest Of)
{
    public string Name { get; init; } = $"approval-{Guid.NewGuid():n}"[..20];

    private JsonObject More { get; init; } = [];

    /// <summary>Sets a field of the spec.</summary>
    public Approval With(string field, JsonNode? value)
    {
        var more = More.DeepClone().AsObject();
        more[field] = value;
        return this with { More = more };
    }

    public static string CollectionIn(TestNamespace ns) => $"apis/changeadmission.io/v1alpha1/namespaces/{ns}/changeapprovals";

    public string PathIn(TestNamespace ns) => $"{CollectionIn(ns)}/{Name}";

    /// <param name="ns">The namespace whose change it is, which the digest depends on.</param>
    public JsonObject ToJson(TestNamespace ns)
    {
        var spec = new JsonObject
        {
            ["workload"] = new JsonObject { ["kind"] = Of.Kind.ToString(), ["name"] = Of.Name },
            ["digest"] = Of.DigestIn(ns).ToString(),
            ["reason"] = "looked at it",
        };
        foreach (var (field, value) in More)
        {
            spec[field] = value?.DeepClone();
        }

        return new JsonObject
        {
            ["apiVersion"] = "changeadmission.io/v1alpha1",
            ["kind"] = "ChangeApproval",
            ["metadata"] = new JsonObject { ["name"] = Name },
            ["spec"] = spec,
        };
    }

    public async Task<JsonNode> StoredAsync(TestNamespace ns, string by = "senior") =>
        (await Api.Of(by).PostAsync(CollectionIn(ns), ToJson(ns))).ShouldBeOk();

    public async Task RevokedAsync(TestNamespace ns) => (await Api.Of("senior").DeleteAsync(PathIn(ns))).ShouldBeOk();
}
