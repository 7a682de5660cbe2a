using System.Collections;
using System.Reflection;
using System.Text.Json;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Resources;
using YamlDotNet.RepresentationModel;

namespace ChangeAdmission.Kubernetes.Tests.Resources;

/// <summary>The schemas that the chart brings say what the types say: every field, no field more, and the same kinds of values.</summary>
public sealed class CrdTests
{
    [Theory]
    [InlineData("changepolicies.yaml", "spec", typeof(ChangePolicySpec))]
    [InlineData("changepolicies.yaml", "status", typeof(ChangePolicyStatus))]
    [InlineData("changefreezes.yaml", "spec", typeof(ChangeFreezeSpec))]
    [InlineData("changefreezes.yaml", "status", typeof(ChangeFreezeStatus))]
    [InlineData("changeapprovals.yaml", "spec", typeof(ChangeApprovalSpec))]
    [InlineData("changeapprovals.yaml", "status", typeof(ChangeApprovalStatus))]
    [InlineData("rolloutbudgets.yaml", "status", typeof(LedgerStatus))]
    [InlineData("changerecords.yaml", "spec", typeof(ChangeRecordSpec))]
    [InlineData("changerecords.yaml", "status", typeof(ChangeRecordStatus))]
    public void A_schema_is_that_of_its_type(string file, string field, Type type) => Differences(type, Schema(file, field), field).Should().BeEmpty();

    [Theory]
    [InlineData("spec.enforcement", typeof(Enforcement))]
    [InlineData("spec.provenance.undeclared", typeof(UndeclaredMeaning))]
    [InlineData("spec.approval.requiredFor", typeof(ApprovalRequirement))]
    [InlineData("spec.rollback", typeof(RollbackTreatment))]
    [InlineData("spec.unadmittedRollout", typeof(UnadmittedRolloutResponse))]
    public void Enumerations_and_their_defaults_are_the_same(string path, Type type)
    {
        var field = path.Split('.').Skip(1).Aggregate(Schema("changepolicies.yaml", "spec"), (schema, name) => Child(Child(schema, "properties"), name));

        ((YamlSequenceNode)field["enum"]).Children.Select(c => ((YamlScalarNode)c).Value).Should().Equal(Enum.GetNames(type));
        Text(field, "default").Should().Be(Enum.GetNames(type)[0], "the first is the default of the type");
    }

    [Theory]
    [InlineData("changepolicies.yaml")]
    [InlineData("changefreezes.yaml")]
    [InlineData("changeapprovals.yaml")]
    public void Every_field_that_people_write_says_what_it_is_for(string file) => Undescribed(Schema(file, "spec"), "spec").Should().BeEmpty();

    private static IEnumerable<string> Differences(Type type, YamlMappingNode schema, string path)
    {
        var fields = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.Name != "EqualityContract")
            .ToDictionary(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name), p => p.PropertyType);
        var properties = Child(schema, "properties");
        var described = properties.Children.Keys.Select(k => ((YamlScalarNode)k).Value!).ToHashSet();
        foreach (var name in fields.Keys.Except(described))
        {
            yield return $"{path}.{name} is in the type alone";
        }

        foreach (var name in described.Except(fields.Keys))
        {
            yield return $"{path}.{name} is in the schema alone";
        }

        foreach (var name in described.Intersect(fields.Keys))
        {
            foreach (var difference in Compare(Nullable.GetUnderlyingType(fields[name]) ?? fields[name], Child(properties, name), $"{path}.{name}"))
            {
                yield return difference;
            }
        }
    }

    private static IEnumerable<string> Compare(Type type, YamlMappingNode schema, string path)
    {
        var expected = type == typeof(string) || type == typeof(DateTimeOffset) || type.IsEnum ? "string"
            : type == typeof(bool) ? "boolean" : type == typeof(int) || type == typeof(long) ? "integer"
            : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? "array" : "object";
        if (Text(schema, "type") != expected)
        {
            return [$"{path} is {Text(schema, "type")} in the schema and {expected} in the type"];
        }

        return expected switch
        {
            "array" => Compare(type.GetGenericArguments()[0], Child(schema, "items"), path + "[]"),
            "object" when !typeof(IEnumerable).IsAssignableFrom(type) => Differences(type, schema, path),
            _ => [],
        };
    }

    private static IEnumerable<string> Undescribed(YamlMappingNode schema, string path)
    {
        if (!schema.Children.ContainsKey("description") && path != "spec" && !path.Contains("Selector", StringComparison.Ordinal) && !path.EndsWith("[]", StringComparison.Ordinal))
        {
            yield return path;
        }

        var children = new List<(YamlMappingNode Schema, string Path)>();
        if (schema.Children.TryGetValue("properties", out var properties))
        {
            children.AddRange(((YamlMappingNode)properties).Children.Select(p => ((YamlMappingNode)p.Value, $"{path}.{((YamlScalarNode)p.Key).Value}")));
        }

        if (schema.Children.TryGetValue("items", out var items))
        {
            children.Add(((YamlMappingNode)items, path + "[]"));
        }

        foreach (var (child, childPath) in children)
        {
            foreach (var found in Undescribed(child, childPath))
            {
                yield return found;
            }
        }
    }

    private static YamlMappingNode Schema(string file, string field)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(RepositoryFiles.Of($"charts/change-admission/files/crds/{file}"));
        yaml.Load(reader);
        var version = (YamlMappingNode)((YamlSequenceNode)Child((YamlMappingNode)yaml.Documents[0].RootNode, "spec")["versions"])[0];
        return Child(Child(Child(Child(version, "schema"), "openAPIV3Schema"), "properties"), field);
    }

    private static YamlMappingNode Child(YamlMappingNode node, string name) => (YamlMappingNode)node[name];

    private static string? Text(YamlMappingNode node, string name) => ((YamlScalarNode)node[name]).Value;
}
