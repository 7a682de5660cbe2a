using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>One line of <c>/metrics</c>.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>What the controller and the API server tell of decisions: metrics, Events, the audit log.</summary>
internal static partial class Observed
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>The status and the text of <c>/metrics</c>, <c>/healthz</c> or <c>/readyz</c>.</summary>
    public static async Task<(int Status, string Text)> GetAsync(string path)
    {
        using var response = await Http.GetAsync(new Uri($"http://{Stack.Current.MetricsAddress}/{path}"));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public static async Task<IReadOnlyList<Sample>> SamplesAsync()
    {
        var (_, text) = await GetAsync("metrics");
        return
        [
            .. Samples().Matches(text).Select(match => new Sample(
                match.Groups["name"].Value,
                Labels().Matches(match.Groups["labels"].Value).ToDictionary(l => l.Groups[1].Value, l => l.Groups[2].Value),
                double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture))),
        ];
    }

    /// <summary>The decisions counted in a namespace, one sample for each combination of labels.</summary>
    public static async Task<IReadOnlyList<Sample>> DecisionsAsync(string ns) =>
        [.. (await SamplesAsync()).Where(s => s.Name == "changeadmission_decisions_total" && s.Labels["namespace"] == ns)];

    /// <summary>Our Events about objects of a namespace; those about the namespace itself are kept in "default".</summary>
    public static async Task<IReadOnlyList<JsonNode>> EventsAsync(string ns)
    {
        var own = await Api.Of("admin").GetAsync($"api/v1/namespaces/{ns}/events");
        var cluster = await Api.Of("admin").GetAsync($"api/v1/namespaces/default/events?fieldSelector=involvedObject.name={ns}");
        return
        [
            .. own["items"]!.AsArray().Concat(cluster["items"]!.AsArray()).Select(e => e!)
                .Where(e => e["source"]?["component"]?.GetValue<string>() == "changeadmission"),
        ];
    }

    /// <summary>What the API server's audit log holds about writes to an object, oldest first.</summary>
    public static async Task<IReadOnlyList<JsonNode>> AuditAsync(string ns, string name)
    {
        using var stream = new FileStream(
            Path.Combine(Stack.RunDir, "audit.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var entries = new List<JsonNode>();
        while (await reader.ReadLineAsync() is { } line)
        {
            // The last line may still be in the writing; whoever waits for it looks again.
            if (line.Contains(ns, StringComparison.Ordinal) && line.EndsWith('}'))
            {
                entries.Add(JsonNode.Parse(line)!);
            }
        }

        return
        [
            .. entries.Where(e => e["objectRef"]?["name"]?.GetValue<string>() == name
                && e["verb"]?.GetValue<string>() is "create" or "update" or "patch"),
        ];
    }

    [GeneratedRegex(@"^(?<name>[a-z_]+)(\{(?<labels>[^}]*)\})? (?<value>\S+)", RegexOptions.Multiline)]
    private static partial Regex Samples();

    [GeneratedRegex(@"([a-z_]+)=""([^""]*)""")]
    private static partial Regex Labels();
}
