using System.Security.Cryptography;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Budgets;

/// <summary>What sort of rollout a charge is for. Two sorts are history only: they count towards no limit.</summary>
public enum RolloutSort
{
    Regular,

    /// <summary>The content that runs already (<c>kubectl rollout restart</c>).</summary>
    Restart,

    /// <summary>Back to content that ran well, exempt under every governing policy.</summary>
    Rollback,

    /// <summary>Past every rule, by somebody who may.</summary>
    BreakGlass,
}

/// <summary>Whose approval counted.</summary>
/// <param name="Name">A Kubernetes username.</param>
/// <param name="Carrier">How it reached us.</param>
public readonly record struct ApprovedBy(string Name, ApprovalCarrier Carrier);

/// <summary>A policy that governed a rollout, with the provenance as that policy reads it.</summary>
public readonly record struct GoverningPolicy(string Name, Provenance Provenance);

/// <summary>
/// Tells two pod templates apart exactly, where a <see cref="ChangeDigest"/> on purpose does not (a restart, an
/// empty field written out): the first 64 bits of the SHA-256 of the bytes as the API server encodes them.
/// </summary>
public readonly record struct TemplateFingerprint(ulong Value)
{
    /// <summary>There is no template: the rollout creates the workload.</summary>
    public static TemplateFingerprint None => default;

    public static TemplateFingerprint Of(ReadOnlySpan<byte> template)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(template, hash);
        return new(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(hash));
    }

    public override string ToString() => Value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>One rollout that is to be written down before it is admitted.</summary>
public sealed record Rollout
{
    public required WorkloadReference Workload { get; init; }

    /// <summary><c>metadata.uid</c>; the API server sets it before it calls, also for a create.</summary>
    public required string Uid { get; init; }

    public required ChangeDigest Digest { get; init; }

    /// <summary>What runs before it; <c>default</c> for a create, and where that cannot be read.</summary>
    public ChangeDigest PreviousDigest { get; init; }

    public TemplateFingerprint Template { get; init; }

    public TemplateFingerprint PreviousTemplate { get; init; }

    /// <summary><c>metadata.generation</c> of the object before; 0 for a create.</summary>
    public long PreviousGeneration { get; init; }

    /// <summary>
    /// <c>metadata.resourceVersion</c> of the object before; 0 for a create. A write that was judged against a version is persisted only over
    /// that very version.
    /// </summary>
    public ulong PreviousVersion { get; init; }

    public required string Requester { get; init; }

    public IReadOnlyList<ApprovedBy> Approvers { get; init; } = [];

    public required IReadOnlyList<GoverningPolicy> Policies { get; init; }

    public RolloutSort Sort { get; init; }

    /// <summary>Why the glass was broken for it; null for every other sort.</summary>
    public string? BreakGlassReason { get; init; }

    /// <summary>It creates the workload; there is nothing before it.</summary>
    public bool IsCreate { get; init; }

    /// <summary>Whether limits count it.</summary>
    public bool Counts => Sort is RolloutSort.Regular or RolloutSort.Restart;

    /// <summary>
    /// Whether the other may be the same request, sent again: the API server calls several times for one write, after a conflict with
    /// what the workload has become meanwhile. A create is known by its uid, which is made for it; an update by the workload and
    /// by what it is to become.
    /// </summary>
    public bool HasSameTargetAs(Rollout other) =>
        string.Equals(Uid, other.Uid, StringComparison.Ordinal)
        && IsCreate == other.IsCreate
        && (IsCreate || (Template == other.Template && Digest == other.Digest));

    /// <summary>Whether this update begins at what the other leads to.</summary>
    public bool BeginsAt(Rollout other) =>
        !IsCreate && string.Equals(Uid, other.Uid, StringComparison.Ordinal) && PreviousTemplate == other.Template;

    /// <summary>The provenance as a policy read it; for a policy that did not govern it, the strictest that was read.</summary>
    public Provenance ProvenanceUnder(string policy)
    {
        var strictest = Provenance.Undeclared;
        foreach (var (name, provenance) in Policies)
        {
            if (string.Equals(name, policy, StringComparison.Ordinal))
            {
                return provenance;
            }

            strictest = provenance > strictest ? provenance : strictest;
        }

        return strictest;
    }
}
