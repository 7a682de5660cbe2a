using System.Text.Json;
using System.Text.Json.Serialization;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>
/// <c>ChangeApproval</c> of <c>changeadmission.io/v1alpha1</c>, namespaced: somebody's yes to one change digest. Whose it is, the
/// controller stamps into it from the request that creates it; after that its spec does not change.
/// </summary>
public static class ChangeApproval
{
    public const string Plural = "changeapprovals";

    /// <summary>How far apart the stamp of one webhook call and its check by the next may be.</summary>
    public static readonly TimeSpan StampLife = TimeSpan.FromSeconds(60);

    public static string Collection { get; } = $"apis/{ChangePolicyResource.Group}/{ChangePolicyResource.Version}/{Plural}";

    public static string PathOf(string ns) =>
        $"apis/{ChangePolicyResource.Group}/{ChangePolicyResource.Version}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}";

    public static string PathOf(string ns, string name) => $"{PathOf(ns)}/{Uri.EscapeDataString(name)}";

    /// <summary>The approval in a stored object; null for one that cannot be read, which counts for nothing.</summary>
    public static ApprovalGrant? Read(JsonElement approval)
    {
        try
        {
            var metadata = approval.GetProperty("metadata");
            var ns = metadata.GetProperty("namespace").GetString()!;
            return SpecOf(approval) is { } spec && Problems(spec).Count == 0 && spec is { ApprovedBy: { } by, ExpiresAt: { } end }
                ? new ApprovalGrant(
                    metadata.GetProperty("name").GetString()!,
                    new WorkloadReference(ns, spec.Workload!.Kind!.Value, spec.Workload.Name!),
                    DigestOf(spec)!.Value,
                    by.Username ?? "",
                    by.At,
                    end,
                    by.Policies ?? [])
                : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The spec as it stands; null when there is none.</summary>
    /// <exception cref="JsonException">It is not of the schema.</exception>
    public static ChangeApprovalSpec? SpecOf(JsonElement approval) =>
        approval.TryGetProperty("spec", out var spec) ? spec.Deserialize(ChangeApprovalJson.Default.ChangeApprovalSpec) : null;

    /// <summary>What is wrong with what the creator wrote.</summary>
    public static IReadOnlyList<FieldError> Problems(ChangeApprovalSpec spec)
    {
        var errors = new List<FieldError>();
        if (spec.Workload is not { Kind: not null, Name.Length: > 0 })
        {
            errors.Add(new("spec.workload", "must have the kind and the name of the workload"));
        }

        if (DigestOf(spec) is null)
        {
            errors.Add(new("spec.digest", "must be sha256: and 64 digits, as the rejection prints it"));
        }

        return errors;
    }

    private static ChangeDigest? DigestOf(ChangeApprovalSpec spec) => ChangeDigest.TryParse(spec.Digest, out var digest) ? digest : null;
}

/// <summary><c>ChangeApproval.spec</c> as written; the schema of the same shape is <c>charts/change-admission/files/crds/changeapprovals.yaml</c>.</summary>
public sealed record ChangeApprovalSpec
{
    public ApprovedWorkload? Workload { get; init; }

    public string? Digest { get; init; }

    public string? Reason { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public ApprovalStamp? ApprovedBy { get; init; }
}

public sealed record ApprovedWorkload(WorkloadKind? Kind, string? Name);

/// <summary><c>spec.approvedBy</c>: who created it, as the API server authenticated them.</summary>
/// <param name="At">When; whole seconds.</param>
/// <param name="Policies">The policies that govern the namespace and under which they may approve.</param>
public sealed record ApprovalStamp(string? Username, IReadOnlyList<string>? Groups, DateTimeOffset At, IReadOnlyList<string>? Policies);

/// <summary><c>ChangeApproval.status</c>.</summary>
/// <param name="Used">Whether a rollout was admitted by it.</param>
/// <param name="UsedAt">When it was last admitted by it; null for never.</param>
/// <param name="Conditions"><c>Active</c>: it can be used until it expires.</param>
public sealed record ChangeApprovalStatus(bool Used, DateTimeOffset? UsedAt, IReadOnlyList<Condition> Conditions)
{
    public bool Equals(ChangeApprovalStatus? other) =>
        other is not null && Used == other.Used && UsedAt == other.UsedAt && Conditions.SequenceEqual(other.Conditions);

    public override int GetHashCode() => HashCode.Combine(Used, UsedAt, Conditions.Count);
}

/// <summary>What is held of a <c>ChangeApproval</c>.</summary>
/// <param name="Grant">What it approves; null when it cannot be read.</param>
public sealed record HeldApproval(ApprovalGrant? Grant, long Generation, ChangeApprovalStatus? Status)
{
    public static HeldApproval Read(JsonElement approval) => new(
        ChangeApproval.Read(approval),
        approval.GetProperty("metadata").TryGetProperty("generation", out var generation) ? generation.GetInt64() : 0,
        StatusOf(approval));

    private static ChangeApprovalStatus? StatusOf(JsonElement approval)
    {
        try
        {
            return approval.TryGetProperty("status", out var status) && status.Deserialize(ChangeApprovalJson.Default.ChangeApprovalStatus) is { Conditions: not null } read
                ? read
                : null;
        }
        catch (JsonException)
        {
            // Somebody else's; ours is written over it.
            return null;
        }
    }
}

/// <summary>A merge patch of the status.</summary>
public sealed record ChangeApprovalStatusPatch(ChangeApprovalStatus Status);

/// <summary>One operation of the JSON patch by which the stamp is put on.</summary>
public sealed record StampPatchOperation(string Op, string Path, JsonElement Value);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ChangeApprovalSpec))]
[JsonSerializable(typeof(ApprovalStamp))]
[JsonSerializable(typeof(DateTimeOffset))]
[JsonSerializable(typeof(IReadOnlyList<StampPatchOperation>))]
[JsonSerializable(typeof(ChangeApprovalStatus))]
[JsonSerializable(typeof(ChangeApprovalStatusPatch))]
public sealed partial class ChangeApprovalJson : JsonSerializerContext;
