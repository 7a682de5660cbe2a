using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary><c>ChangePolicy.status</c>.</summary>
/// <param name="Namespaces">How many critical namespaces the policy governs.</param>
/// <param name="Conditions"><c>Valid</c> and <c>Covered</c>.</param>
public sealed record ChangePolicyStatus(int Namespaces, IReadOnlyList<Condition> Conditions)
{
    // So many namespaces are named; more are counted.
    private const int MaxNamed = 10;

    public bool Equals(ChangePolicyStatus? other) => other is not null && Namespaces == other.Namespaces && Conditions.SequenceEqual(other.Conditions);

    public override int GetHashCode() => HashCode.Combine(Namespaces, Conditions.Count);

    /// <summary>What the status of a policy should say.</summary>
    /// <param name="before">What it says, whose times stay where nothing has changed; null for nothing yet.</param>
    public static ChangePolicyStatus Of(PolicyValidation policy, PolicyCoverage coverage, ChangePolicyStatus? before, long generation, DateTimeOffset now)
    {
        var valid = policy.IsValid
            ? Condition.Of("Valid", true, "Valid", "Every field can be kept.", now, generation)
            : Condition.Of("Valid", false, "Invalid", $"Every rollout that it selects is rejected: {policy.Errors[0]}", now, generation);
        var covered = coverage.NotCovered.Count == 0
            ? Condition.Of("Covered", true, "Covered", "Every namespace that it names is critical.", now, generation)
            : Condition.Of("Covered", false, "NotCovered", $"Selected but not labelled critical, so nothing is enforced there: {Named(coverage.NotCovered)}", now, generation);
        return new(coverage.Governed, [.. new[] { valid, covered }.Select(c => c.After(before?.Conditions.FirstOrDefault(b => b.Type == c.Type)))]);
    }

    /// <summary>What a stored policy says; null for nothing, or for what somebody else wrote.</summary>
    public static ChangePolicyStatus? Read(JsonElement policy)
    {
        try
        {
            return policy.TryGetProperty("status", out var status) && status.Deserialize(ChangePolicyStatusJson.Default.ChangePolicyStatus) is { Conditions: not null } read ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Named(IReadOnlyList<string> names) => names.Count <= MaxNamed
        ? string.Join(", ", names)
        : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(MaxNamed))} and {names.Count - MaxNamed} more");
}

/// <summary>A merge patch of the status.</summary>
public sealed record ChangePolicyStatusPatch(ChangePolicyStatus Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ChangePolicyStatus))]
[JsonSerializable(typeof(ChangePolicyStatusPatch))]
public sealed partial class ChangePolicyStatusJson : JsonSerializerContext;
