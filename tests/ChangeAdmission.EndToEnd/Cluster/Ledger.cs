using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>What the ledger of a namespace and the records in it say.</summary>
internal static class Ledger
{
    /// <summary>The ledger; null where there is none.</summary>
    public static async Task<JsonNode?> OfAsync(TestNamespace ns)
    {
        var answer = await Api.Of("admin").SendAsync(HttpMethod.Get, $"apis/changeadmission.io/v1alpha1/namespaces/{ns}/rolloutbudgets/rollouts");
        return answer.Status == System.Net.HttpStatusCode.NotFound ? null : answer.ShouldBeOk();
    }

    public static async Task<IReadOnlyList<JsonNode>> EntriesAsync(TestNamespace ns) =>
        [.. ((await OfAsync(ns))?["status"]?["entries"]?.AsArray() ?? []).Select(e => e!)];

    public static async Task<IReadOnlyList<JsonNode>> EntriesAsync(TestNamespace ns, string state) =>
        [.. (await EntriesAsync(ns)).Where(e => e["state"]!.GetValue<string>() == state)];

    /// <summary>Waits until every reservation is seen in the cluster, or gone.</summary>
    public static Task SettledAsync(TestNamespace ns) =>
        Eventually.Holds($"the ledger of {ns} to settle", async () => (await EntriesAsync(ns, "Reserved")).Count == 0, seconds: 60);

    /// <summary>The namespace is governed: what runs in it is known.</summary>
    public static Task AdoptedAsync(TestNamespace ns) =>
        Eventually.Holds($"the ledger of {ns} to be adopted", async () => (await OfAsync(ns))?["status"]?["adoptedAt"] is not null);

    /// <summary>The records of a namespace, oldest first.</summary>
    public static async Task<IReadOnlyList<JsonNode>> RecordsAsync(TestNamespace ns) =>
    [
        .. (await Api.Of("admin").GetAsync($"apis/changeadmission.io/v1alpha1/namespaces/{ns}/changerecords"))["items"]!.AsArray()
            .Select(r => r!).OrderBy(r => r["spec"]!["at"]!.GetValue<DateTimeOffset>()),
    ];

    /// <summary>Waits until every rollout is recorded, and the last of this content has this outcome.</summary>
    public static Task<JsonNode> OutcomeAsync(TestNamespace ns, Manifest of, string outcome) =>
        Eventually.Get($"a record of {of.Image} that {outcome}", async () =>
        {
            if ((await EntriesAsync(ns)).Any(e => e["recorded"]?.GetValue<bool>() != true))
            {
                return null;
            }

            var last = (await RecordsAsync(ns)).LastOrDefault(r => r["spec"]!["digest"]!.GetValue<string>() == of.DigestIn(ns).ToString());
            return last?["status"]?["outcome"]?.GetValue<string>() == outcome ? last : null;
        }, seconds: 30);
}
