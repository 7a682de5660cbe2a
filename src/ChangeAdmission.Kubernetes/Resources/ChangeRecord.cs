using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>
/// <c>ChangeRecord</c> of <c>changeadmission.io/v1alpha1</c>, namespaced: the durable account of one rollout. Its name follows from
/// what it is about, so that it is safe to write twice.
/// </summary>
public sealed record ChangeRecord
{
    public const string Plural = "changerecords";

    public string ApiVersion { get; init; } = $"{ChangePolicyResource.Group}/{ChangePolicyResource.Version}";

    public string Kind { get; init; } = "ChangeRecord";

    public required ObjectMeta Metadata { get; init; }

    public required ChangeRecordSpec Spec { get; init; }

    public ChangeRecordStatus? Status { get; init; }

    public static string Collection { get; } = $"apis/{ChangePolicyResource.Group}/{ChangePolicyResource.Version}/{Plural}";

    public static string PathOf(string ns) =>
        $"apis/{ChangePolicyResource.Group}/{ChangePolicyResource.Version}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}";

    public static string PathOf(string ns, string name) => $"{PathOf(ns)}/{Uri.EscapeDataString(name)}";

    /// <summary>The record of an admitted rollout.</summary>
    /// <param name="images">What it runs.</param>
    public static ChangeRecord Of(LedgerEntry entry, IReadOnlyList<string> images)
    {
        var rollout = entry.Rollout;
        return Create(rollout.Workload, entry.Key, new ChangeRecordSpec
        {
            Workload = new RecordedWorkload(rollout.Workload.Kind, rollout.Workload.Name, rollout.Uid),
            Digest = rollout.Digest.ToString(),
            ShortDigest = rollout.Digest.Short,
            PreviousDigest = StoredDigest.Write(rollout.PreviousDigest),
            Template = rollout.Template.ToString(),
            Requester = rollout.Requester,
            Provenance = rollout.Policies.Count == 0 ? Provenance.Undeclared : rollout.Policies.Max(p => p.Provenance),
            ApprovedBy = rollout.Approvers.Count == 0 ? null : rollout.Approvers,
            Policies = [.. rollout.Policies.Select(p => p.Name)],
            Admitted = true,
            Sort = rollout.Sort,
            BreakGlassReason = rollout.BreakGlassReason,
            At = entry.At,
            Images = images,
        });
    }

    /// <summary>The record of a rollout that nobody admitted.</summary>
    public static ChangeRecord OfUnadmitted(WorkloadObject workload, WorkloadHistory before, IReadOnlyList<string> policies, DateTimeOffset now)
    {
        var seen = workload.Seen;
        return Create(seen.Workload, $"{seen.Uid}/{seen.Template}/{seen.Generation}", new ChangeRecordSpec
        {
            Workload = new RecordedWorkload(seen.Workload.Kind, seen.Workload.Name, seen.Uid),
            Digest = seen.Digest.ToString(),
            ShortDigest = seen.Digest.Short,
            PreviousDigest = StoredDigest.Write(before.Digest),
            Template = seen.Template.ToString(),
            Policies = policies,
            Admitted = false,
            At = now,
            Images = workload.Images,
        });
    }

    /// <summary>What is held of a record; null for one that this controller did not write, which is left alone.</summary>
    public static RecordedRollout? Read(JsonElement record)
    {
        try
        {
            var read = record.Deserialize(ResourcesJson.Default.ChangeRecord)!;
            var ns = read.Metadata.Namespace!;
            return new RecordedRollout(
                ns,
                read.Metadata.Name!,
                new WorkloadReference(ns, read.Spec.Workload.Kind, read.Spec.Workload.Name),
                read.Spec.Workload.Uid,
                StoredDigest.Read(read.Spec.Digest),
                StoredDigest.ReadTemplate(read.Spec.Template),
                read.Spec.Admitted,
                read.Spec.Sort ?? RolloutSort.Regular,
                read.Spec.Provenance ?? Provenance.Undeclared,
                read.Spec.At,
                read.Status?.Outcome ?? RolloutOutcome.Progressing,
                HasStatus: read.Status is not null)
            {
                Approvers = read.Spec.ApprovedBy ?? [],
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ChangeRecord Create(WorkloadReference workload, string key, ChangeRecordSpec spec)
    {
        const int MaxName = 200; // of the 253 that a name may have
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{workload.Kind}/{key}")))[..10];
        var name = workload.Name.Length <= MaxName ? workload.Name : workload.Name[..MaxName].TrimEnd('.', '-');
        return new ChangeRecord { Metadata = new ObjectMeta { Name = $"{name}-{hash}", Namespace = workload.Namespace }, Spec = spec };
    }
}

public sealed record RecordedWorkload(WorkloadKind Kind, string Name, string Uid);

/// <summary><c>ChangeRecord.spec</c>: what was rolled out, and how it came to be admitted.</summary>
public sealed record ChangeRecordSpec
{
    public required RecordedWorkload Workload { get; init; }

    public required string Digest { get; init; }

    public required string ShortDigest { get; init; }

    public string? PreviousDigest { get; init; }

    public required string Template { get; init; }

    /// <summary>Null for a rollout that nobody admitted: nobody knows.</summary>
    public string? Requester { get; init; }

    public Provenance? Provenance { get; init; }

    public IReadOnlyList<ApprovedBy>? ApprovedBy { get; init; }

    public required IReadOnlyList<string> Policies { get; init; }

    public required bool Admitted { get; init; }

    public RolloutSort? Sort { get; init; }

    public string? BreakGlassReason { get; init; }

    public required DateTimeOffset At { get; init; }

    public required IReadOnlyList<string> Images { get; init; }
}

/// <summary><c>ChangeRecord.status</c>: how it ended.</summary>
public sealed record ChangeRecordStatus
{
    public required RolloutOutcome Outcome { get; init; }

    public DateTimeOffset? Finished { get; init; }

    public string? Message { get; init; }
}

/// <summary>A merge patch of a record's status.</summary>
public sealed record ChangeRecordStatusPatch(ChangeRecordStatus Status);
