using System.Text.Json;
using System.Text.Json.Serialization;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>
/// <c>ChangePolicy</c> of <c>changeadmission.io/v1alpha1</c>, cluster-wide. A field that we do not know makes a stored
/// policy invalid: it would be a rule that somebody wrote and nobody keeps.
/// </summary>
public static class ChangePolicyResource
{
    public const string Group = "changeadmission.io";
    public const string Version = "v1alpha1";
    public const string Plural = "changepolicies";
    public const string Path = $"apis/{Group}/{Version}/{Plural}";

    /// <summary>The policy in an object, checked. Never throws: what cannot be read is an error of the policy.</summary>
    public static PolicyValidation Read(JsonElement policy)
    {
        var name = policy.GetProperty("metadata").GetProperty("name").GetString()!;
        if (!policy.TryGetProperty("spec", out var spec))
        {
            return PolicyValidator.Validate(name, null);
        }

        try
        {
            return PolicyValidator.Validate(name, spec.Deserialize(ChangePolicyJson.Default.ChangePolicySpec));
        }
        catch (JsonException e)
        {
            var path = e.Path is null or "$" ? "spec" : $"spec{e.Path.AsSpan(1)}";
            var readable = ReadWhatCan(name, spec);
            return readable with { Errors = [new FieldError(path, "is not a field of this version, or has a value of another type")] };
        }
    }

    // Where and how strictly the policy applies may still be clear: the one field that is not belongs elsewhere.
    private static PolicyValidation ReadWhatCan(string name, JsonElement spec) => PolicyValidator.Validate(name, new ChangePolicySpec
    {
        Enforcement = Field(spec, "enforcement", ChangePolicyJson.Default.String),
        NamespaceSelector = Field(spec, "namespaceSelector", ChangePolicyJson.Default.LabelSelectorSpec),
        Workloads = Field(spec, "workloads", ChangePolicyJson.Default.IReadOnlyListString),
    });

    private static T? Field<T>(JsonElement spec, string name, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return spec.ValueKind == JsonValueKind.Object && spec.TryGetProperty(name, out var field) ? field.Deserialize(type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ChangePolicySpec))]
[JsonSerializable(typeof(LabelSelectorSpec))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(string))]
public sealed partial class ChangePolicyJson : JsonSerializerContext;
