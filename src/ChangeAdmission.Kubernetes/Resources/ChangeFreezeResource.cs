using System.Text.Json;
using System.Text.Json.Serialization;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary><c>ChangeFreeze.status</c>.</summary>
/// <param name="Active">Whether it is on.</param>
/// <param name="NextChange">When it will next begin or end; null for never.</param>
/// <param name="Problem">Why it cannot be read, in which case it is on; null when it can.</param>
public sealed record ChangeFreezeStatus(bool Active, DateTimeOffset? NextChange, string? Problem);

/// <summary>A merge patch of the status; null takes a field away.</summary>
public sealed record ChangeFreezeStatusPatch(ChangeFreezeStatus Status);

/// <summary>A freeze as it is held: checked, with the status that it shows.</summary>
public sealed record HeldFreeze(ChangeFreeze Freeze, IReadOnlyList<FieldError> Errors, ChangeFreezeStatus? Status)
{
    public bool IsValid => Errors.Count == 0;
}

/// <summary>
/// <c>ChangeFreeze</c> of <c>changeadmission.io/v1alpha1</c>, cluster-wide. A field that we do not know makes a stored freeze
/// invalid, and an invalid freeze is on.
/// </summary>
public static class ChangeFreezeResource
{
    public const string Plural = "changefreezes";
    public const string Path = $"apis/{ChangePolicyResource.Group}/{ChangePolicyResource.Version}/{Plural}";

    /// <summary>The freeze in an object, checked. Never throws: what cannot be read is an error of the freeze.</summary>
    public static HeldFreeze Read(JsonElement freeze)
    {
        var name = freeze.GetProperty("metadata").GetProperty("name").GetString()!;
        try
        {
            var spec = freeze.TryGetProperty("spec", out var written) ? written.Deserialize(ChangeFreezeJson.Default.ChangeFreezeSpec) : null;
            var validation = FreezeValidator.Validate(name, spec);
            return new HeldFreeze(validation.Freeze, validation.Errors, Status(freeze));
        }
        catch (JsonException e)
        {
            var error = new FieldError(
                e.Path is null or "$" ? "spec" : $"spec{e.Path.AsSpan(1)}", "is not a field of this version, or has a value of another type");
            return new HeldFreeze(
                new ChangeFreeze { Name = name, Reason = "", Times = new FreezeTimes.Unknown(error.ToString()) }, [error], Status(freeze));
        }
    }

    private static ChangeFreezeStatus? Status(JsonElement freeze)
    {
        try
        {
            return freeze.TryGetProperty("status", out var status) ? status.Deserialize(ChangeFreezeStatusJson.Default.ChangeFreezeStatus) : null;
        }
        catch (JsonException)
        {
            // Somebody else's; ours is written over it.
            return null;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ChangeFreezeSpec))]
public sealed partial class ChangeFreezeJson : JsonSerializerContext;

/// <summary>Writes nulls, which mean something in a merge patch.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ChangeFreezeStatus))]
[JsonSerializable(typeof(ChangeFreezeStatusPatch))]
public sealed partial class ChangeFreezeStatusJson : JsonSerializerContext;
