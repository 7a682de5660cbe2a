using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace ChangeAdmission.Chart.Tests;

/// <summary>The schema of the values: it refuses what is misspelt or out of range, and it says what values.yaml says.</summary>
public sealed class ValuesTests
{
    [Theory]
    [InlineData("replica=3", "additional properties 'replica' not allowed")]
    [InlineData("image.repo=x", "additional properties 'repo' not allowed")]
    [InlineData("approvers.group={seniors}", "additional properties 'group' not allowed")]
    [InlineData("certificates.mode=selfsigned", "/certificates/mode")]
    [InlineData("certificates.lifetime=90d", "/certificates/lifetime")]
    [InlineData("certificates.mode=files", "/certificates/secretName")]
    [InlineData("replicas=0", "/replicas")]
    [InlineData("replicas=21", "/replicas")]
    [InlineData("replicas=two", "/replicas")]
    [InlineData("webhooks.timeoutSeconds=31", "/webhooks/timeoutSeconds")]
    [InlineData("webhooks.timeoutSeconds=2", "/webhooks/timeoutSeconds")]
    [InlineData("webhooks.url=http://admission.example.com", "/webhooks/url")]
    [InlineData("controller.drain=31s", "/controller/drain")]
    [InlineData("controller.logFormat=xml", "/controller/logFormat")]
    [InlineData("image.digest=sha256:12", "/image/digest")]
    [InlineData("networkPolicy.apiServerPorts={0}", "/networkPolicy/apiServerPorts/0")]
    [InlineData("metrics.serviceMonitor.enabled=maybe", "/metrics/serviceMonitor/enabled")]
    [InlineData("podDisruptionBudget.maxUnavailable=0", "/podDisruptionBudget/maxUnavailable")]
    public async Task A_wrong_value_is_refused_where_it_stands(string set, string where)
    {
        var finished = await Helm.TemplateAsync("1.33", "--set", set);

        finished.ExitCode.Should().NotBe(0);
        finished.Error.Should().Contain(where);
    }

    [Fact]
    public async Task The_schema_says_what_the_defaults_are_and_what_each_value_means()
    {
        using var schema = JsonDocument.Parse(await File.ReadAllTextAsync(RepositoryFiles.Of($"{Helm.Chart}/values.schema.json")));
        var stream = new YamlStream();
        stream.Load(new StringReader(await File.ReadAllTextAsync(RepositoryFiles.Of($"{Helm.Chart}/values.yaml"))));

        Differences(schema.RootElement.GetProperty("properties"), (YamlMappingNode)stream.Documents[0].RootNode, "").Should().BeEmpty();
    }

    private static IEnumerable<string> Differences(JsonElement properties, YamlMappingNode values, string path)
    {
        var written = values.Children.ToDictionary(c => ((YamlScalarNode)c.Key).Value!, c => c.Value);
        foreach (var property in properties.EnumerateObject().Where(p => p.Name != "global"))
        {
            var name = path + property.Name;
            if (!property.Value.TryGetProperty("description", out var description) || description.GetString() is not { Length: > 4 })
            {
                yield return $"{name} is not described";
            }

            if (!written.Remove(property.Name, out var value))
            {
                yield return $"{name} is in the schema alone";
            }
            else if (property.Value.TryGetProperty("properties", out var inner))
            {
                foreach (var difference in Differences(inner, (YamlMappingNode)value, name + "."))
                {
                    yield return difference;
                }
            }
            else if (Canonical(property.Value.GetProperty("default")) is var expected && value.Canonical() != expected)
            {
                yield return $"{name} is {value.Canonical()}, and by the schema {expected}";
            }
        }

        foreach (var name in written.Keys)
        {
            yield return $"{path}{name} is in values.yaml alone";
        }
    }

    private static string Canonical(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",", value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"{p.Name}:{Canonical(p.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(",", value.EnumerateArray().Select(Canonical)) + "]",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.ToString(),
    };
}
