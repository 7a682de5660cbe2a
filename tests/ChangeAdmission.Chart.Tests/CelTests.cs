using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChangeAdmission.EndToEnd.Cluster;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ChangeAdmission.Chart.Tests;

/// <summary>
/// The CEL that API servers evaluate for us: which writes call us (<c>matchConditions</c>), and what the floor refuses by itself
/// (<c>ValidatingAdmissionPolicy</c>), by the cases of <c>Cel/cases.yaml</c> and an evaluator that passes CEL's conformance tests.
/// </summary>
public sealed class CelTests
{
    private const string Directory = "tests/ChangeAdmission.Chart.Tests/Cel";

    // What only an API server can tell, and a case says instead.
    private const string MayExempt = "authorizer.group('changeadmission.io').resource('changepolicies').check('exempt').allowed()";

    private static readonly YamlMappingNode Cases = Load();
    private static readonly Lazy<Task<IReadOnlyDictionary<string, JsonNode?>>> Answers = new(EvaluateAsync);

    public static TheoryData<string, bool> Called => Rows("called");

    public static TheoryData<string, bool> Admitted => Rows("admitted");

    [Theory]
    [MemberData(nameof(Called))]
    public async Task A_write_calls_us_when_it_matters_and_only_then(string name, bool expected) => await ShouldAnswerAsync("called", name, expected);

    [Theory]
    [MemberData(nameof(Admitted))]
    public async Task The_floor_lets_pass_what_may(string name, bool expected) => await ShouldAnswerAsync("admitted", name, expected);

    [Fact]
    public async Task Every_condition_and_every_policy_of_the_chart_has_its_cases()
    {
        var objects = await Helm.ObjectsAsync("1.33");
        var webhooks = ((YamlSequenceNode)objects["ValidatingWebhookConfiguration changeadmission"]["webhooks"]).Cast<YamlMappingNode>();
        var policies = objects.Where(o => o.Key.StartsWith("ValidatingAdmissionPolicy ", StringComparison.Ordinal)).Select(o => o.Key.Split(' ')[1]);

        Groups("called").Should().BeEquivalentTo(webhooks.Select(w => w.Text("name")));
        Groups("admitted").Should().BeEquivalentTo(policies);
    }

    private static async Task ShouldAnswerAsync(string kind, string name, bool expected)
    {
        var answers = await Answers.Value;

        answers[$"{kind}: {name}"]!.ToJsonString().Should().Be(expected ? "true" : "false");
    }

    private static async Task<IReadOnlyDictionary<string, JsonNode?>> EvaluateAsync()
    {
        var (called, admitted) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        var objects = await Helm.ObjectsAsync("1.33");
        foreach (var webhook in ((YamlSequenceNode)objects["ValidatingWebhookConfiguration changeadmission"]["webhooks"]).Cast<YamlMappingNode>())
        {
            called[webhook.Text("name")] = Conjunction(webhook.At("matchConditions"));
        }

        foreach (var (key, policy) in objects.Where(o => o.Key.StartsWith("ValidatingAdmissionPolicy ", StringComparison.Ordinal)))
        {
            var spec = policy["spec"];
            var validations = Conjunction(spec.At("validations")).Replace(MayExempt, "mayExempt", StringComparison.Ordinal);
            admitted[key.Split(' ')[1]] = spec.Has("matchConditions") ? $"!({Conjunction(spec.At("matchConditions"))}) || {validations}" : validations;
        }

        var names = new List<string>();
        var cases = new JsonArray();
        foreach (var (kind, expressions) in ((string, Dictionary<string, string>)[])[("called", called), ("admitted", admitted)])
        {
            foreach (var (group, one) in All(kind))
            {
                names.Add($"{kind}: {NameOf(group, one)}");
                cases.Add(new JsonObject { ["expression"] = expressions[group], ["variables"] = Variables(one) });
            }
        }

        var directory = RepositoryFiles.Of(Directory);
        await ShouldSucceedAsync("npm", ["--prefix", directory, "ci", "--silent", "--no-audit", "--no-fund"], null);
        var output = await ShouldSucceedAsync("node", [Path.Combine(directory, "evaluate.mjs")], new JsonObject { ["cases"] = cases }.ToJsonString());
        return names.Zip(JsonNode.Parse(output)!.AsArray()).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static string Conjunction(YamlNode conditions) =>
        string.Join(" && ", ((YamlSequenceNode)conditions).Select(c => $"({((YamlMappingNode)c).Text("expression")})"));

    // As an API server has them: `object` is what would be stored, `oldObject` what is.
    private static JsonObject Variables(YamlMappingNode one)
    {
        var before = ToJson(Cases.At("objects", one.Text("of")))!.AsObject();
        var after = one.Has("change") ? Merge(before.DeepClone(), ToJson(one["change"]))!.AsObject() : before.DeepClone().AsObject();
        var operation = one.Has("operation") ? one.Text("operation") : "UPDATE";
        return new JsonObject
        {
            ["object"] = after,
            ["oldObject"] = operation == "CREATE" ? null : before,
            ["mayExempt"] = one.Has("mayExempt"),
            ["request"] = new JsonObject
            {
                ["operation"] = operation,
                ["subResource"] = one.Has("subResource") ? one.Text("subResource") : "",
                ["kind"] = new JsonObject { ["kind"] = before["kind"]!.DeepClone() },
                ["userInfo"] = new JsonObject { ["username"] = one.Has("user") ? one.Text("user") : "dev" },
            },
        };
    }

    // RFC 7386.
    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }

        var merged = target as JsonObject ?? [];
        foreach (var (key, value) in changes)
        {
            if (value is null)
            {
                merged.Remove(key);
            }
            else
            {
                merged[key] = Merge(merged[key]?.DeepClone(), value);
            }
        }

        return merged;
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, ToJson(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" } => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar => scalar.Value == "true",
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when int.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => ((YamlScalarNode)node).Value,
    };

    private static async Task<string> ShouldSucceedAsync(string program, string[] arguments, string? input)
    {
        var finished = await Shell.RunAsync(program, arguments, TimeSpan.FromMinutes(2), input);
        finished.ExitCode.Should().Be(0, finished.ToString());
        return finished.Output;
    }

    private static TheoryData<string, bool> Rows(string kind)
    {
        var rows = new TheoryData<string, bool>();
        foreach (var (group, one) in All(kind))
        {
            rows.Add(NameOf(group, one), one.Text("expected") == "true");
        }

        return rows;
    }

    private static IEnumerable<string> Groups(string kind) => ((YamlMappingNode)Cases[kind]).Children.Keys.Select(k => ((YamlScalarNode)k).Value!);

    private static IEnumerable<(string Group, YamlMappingNode Case)> All(string kind) =>
        from @group in Groups(kind)
        from one in (YamlSequenceNode)Cases.At(kind, @group)
        select (@group, (YamlMappingNode)one);

    private static string NameOf(string group, YamlMappingNode one) => $"{group}: {one.Text("case")}";

    private static YamlMappingNode Load()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(File.ReadAllText(RepositoryFiles.Of($"{Directory}/cases.yaml"))));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }
}
