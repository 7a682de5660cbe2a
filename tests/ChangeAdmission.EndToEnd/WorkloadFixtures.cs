using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>
/// The manifests of <c>tests/fixtures/workloads</c>, read as kubectl reads YAML, and applied once to a namespace that is not
/// critical, so that a test can ask what the server made of each.
/// </summary>
public sealed class WorkloadFixtures : IAsyncLifetime
{
    private const string Newer = "since-1.29";

    private readonly Dictionary<string, JsonNode> _manifests = [];

    /// <summary>What every server from 1.20 on knows, and what only servers from 1.29 on do.</summary>
    public static IReadOnlyList<string> Names { get; } = Files("");

    public static IReadOnlyList<string> NewerNames { get; } = Files(Newer);

    internal TestNamespace Namespace { get; private set; } = null!;

    /// <summary>What kubectl said when it applied them: why one is missing.</summary>
    public string Applied { get; private set; } = "";

    public JsonNode Manifest(string name) => _manifests[name].DeepClone();

    public async Task InitializeAsync()
    {
        Namespace = await Namespaces.OrdinaryAsync();
        foreach (var folder in (string[])[Root, Path.Combine(Root, Newer)])
        {
            // Nothing is validated and no default filled in: this is YAML to JSON, by the reader that people use.
            var read = await Admin.Runs("create", "--dry-run=client", "--validate=false", "--output=json", $"--filename={folder}")
                .In(Namespace).ShouldBeAdmitted();
            var manifests = Documents(read.Kubectl.Output);
            var names = Files(folder);
            manifests.Should().HaveSameCount(names, "there is one workload in each file");
            foreach (var (name, manifest) in names.Zip(manifests))
            {
                _manifests.Add(name, manifest);
            }

            Applied += (await Dev.Runs("apply", $"--filename={folder}").In(Namespace)).Kubectl.ToString();
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>The object as stored; null when the server refused it.</summary>
    public async Task<JsonNode?> StoredAsync(string name)
    {
        var answer = await Api.Of("dev").SendAsync(HttpMethod.Get, PathOf(_manifests[name]));
        return answer.Status == System.Net.HttpStatusCode.NotFound ? null : answer.ShouldBeOk();
    }

    internal string PathOf(JsonNode manifest) =>
        $"apis/apps/v1/namespaces/{Namespace}/{KindOf(manifest).ToString().ToLowerInvariant()}s/{NameOf(manifest)}";

    internal ChangeDigest DigestOf(JsonNode workload) => ChangeDigest.Compute(
        new WorkloadReference(Namespace.Name, KindOf(workload), NameOf(workload)),
        JsonSerializer.SerializeToUtf8Bytes(workload["spec"]!["template"]));

    private static string Root => Path.Combine(Stack.Repository, "tests", "fixtures", "workloads");

    private static WorkloadKind KindOf(JsonNode workload) => Enum.Parse<WorkloadKind>(workload["kind"]!.GetValue<string>());

    private static string NameOf(JsonNode workload) => workload["metadata"]!["name"]!.GetValue<string>();

    // In the order in which kubectl reads a folder.
    private static List<string> Files(string folder) =>
    [
        .. Directory.GetFiles(Path.Combine(Root, folder), "*.yaml")
            .Order(StringComparer.Ordinal)
            .Select(file => Path.GetFileNameWithoutExtension(file)),
    ];

    // kubectl writes one object after the other, or all of them as a list.
    private static List<JsonNode> Documents(string output)
    {
        var reader = new Utf8JsonReader(
            System.Text.Encoding.UTF8.GetBytes(output), new JsonReaderOptions { AllowMultipleValues = true });
        var documents = new List<JsonNode>();
        while (reader.Read())
        {
            var document = JsonNode.Parse(ref reader)!;
            documents.AddRange(document["items"]?.AsArray().Select(item => item!.DeepClone()) ?? [document]);
        }

        return documents;
    }
}
