using ChangeAdmission.EndToEnd.Cluster;
using YamlDotNet.RepresentationModel;

namespace ChangeAdmission.Chart.Tests;

/// <summary>The real helm (and kubectl, for its kustomize) on the chart of this repository.</summary>
internal static class Helm
{
    public const string Chart = "charts/change-admission";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(3); // the first call may fetch the tool
    private static readonly Lazy<Task<string>> Program = new(() => ToolAsync("helm"));
    private static readonly Lazy<Task<string>> Kubectl = new(() => ToolAsync("kubectl"));

    public static async Task<Finished> RunAsync(params string[] arguments) => await Shell.RunAsync(await Program.Value, arguments, Timeout);

    /// <summary><c>helm template</c> in the namespace that everything is documented with.</summary>
    public static Task<Finished> TemplateAsync(string kubernetes, params string[] arguments) => RunAsync(
        ["template", "changeadmission", RepositoryFiles.Of(Chart), "--namespace", "changeadmission-system", "--kube-version", kubernetes, .. arguments]);

    public static string Values(string name) => RepositoryFiles.Of($"{Chart}/ci/{name}-values.yaml");

    /// <summary>The objects that are rendered, by kind and name.</summary>
    public static async Task<IReadOnlyDictionary<string, YamlMappingNode>> ObjectsAsync(string kubernetes, params string[] arguments) =>
        Objects(await TemplateAsync(kubernetes, arguments));

    public static async Task<IReadOnlyDictionary<string, YamlMappingNode>> KustomizeAsync(string directory) =>
        Objects(await Shell.RunAsync(await Kubectl.Value, ["kustomize", RepositoryFiles.Of(directory)], Timeout));

    private static Dictionary<string, YamlMappingNode> Objects(Finished finished)
    {
        finished.ExitCode.Should().Be(0, finished.ToString());
        var stream = new YamlStream();
        stream.Load(new StringReader(finished.Output));
        return stream.Documents.Select(d => d.RootNode).OfType<YamlMappingNode>()
            .ToDictionary(o => $"{o.Text("kind")} {((YamlMappingNode)o["metadata"]).Text("name")}");
    }

    private static async Task<string> ToolAsync(string name)
    {
        var finished = await Shell.RunAsync(RepositoryFiles.Of("eng/tools"), [name], Timeout);
        finished.ExitCode.Should().Be(0, finished.ToString());
        return finished.Output.Trim();
    }
}

/// <summary>YAML as these tests look at it.</summary>
internal static class Yaml
{
    public static string Text(this YamlMappingNode node, string key) => ((YamlScalarNode)node[key]).Value!;

    /// <summary>Whatever is below a path of keys and indexes.</summary>
    public static YamlNode At(this YamlNode node, params object[] path) =>
        path.Aggregate(node, (current, step) => step is int index ? ((YamlSequenceNode)current)[index] : ((YamlMappingNode)current)[(string)step]);

    public static bool Has(this YamlNode node, string key) => ((YamlMappingNode)node).Children.ContainsKey(key);

    /// <summary>One spelling of what two trees may write differently: the order of keys, and what only a release of Helm has.</summary>
    public static string Canonical(this YamlNode node) => node switch
    {
        YamlMappingNode map => "{" + string.Join(
            ",",
            map.Children.Select(c => (Key: ((YamlScalarNode)c.Key).Value!, c.Value))
                .Where(c => c.Key is not ("helm.sh/chart" or "app.kubernetes.io/managed-by"))
                .OrderBy(c => c.Key, StringComparer.Ordinal)
                .Select(c => $"{c.Key}:{c.Value.Canonical()}")) + "}",
        YamlSequenceNode list => "[" + string.Join(",", list.Select(Canonical)) + "]",
        _ => ((YamlScalarNode)node).Value ?? "",
    };
}
