using System.Globalization;
using System.Text.Json;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>
/// <c>RolloutBudget</c> of <c>changeadmission.io/v1alpha1</c>, namespaced: the ledger as it is stored. All of it is status; only
/// the controller writes it, by compare-and-swap on <c>metadata.resourceVersion</c>.
/// </summary>
public sealed record RolloutBudget
{
    public const string Plural = "rolloutbudgets";

    /// <summary>The ledger of a namespace.</summary>
    public const string NamespaceName = "rollouts";

    private const string PolicyPrefix = "policy-";

    public string ApiVersion { get; init; } = $"{ChangePolicyResource.Group}/{ChangePolicyResource.Version}";

    public string Kind { get; init; } = "RolloutBudget";

    public required ObjectMeta Metadata { get; init; }

    public LedgerStatus? Status { get; init; }

    /// <summary>All ledgers, for the informer.</summary>
    public static string Collection { get; } = $"apis/{ChangePolicyResource.Group}/{ChangePolicyResource.Version}/{Plural}";

    /// <summary>The ledger in which a policy counts over all its namespaces; it lives beside the controller.</summary>
    public static string PolicyName(string policy) => PolicyPrefix + policy;

    public static string PathOf(string ns) =>
        $"apis/{ChangePolicyResource.Group}/{ChangePolicyResource.Version}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}";

    public static string PathOf(string ns, string name) => $"{PathOf(ns)}/{Uri.EscapeDataString(name)}";
}

/// <summary>A ledger and the version of the object that it was read from.</summary>
/// <param name="Problem">Why it could not be read, in which case the ledger is empty and must not be used; null when it could.</param>
public sealed record StoredLedger(string ResourceVersion, RolloutLedger Ledger, string? Problem = null)
{
    /// <summary>The ledger in an object. Never throws: what this controller did not write is a problem of the ledger.</summary>
    public static StoredLedger Read(JsonElement budget)
    {
        var metadata = budget.GetProperty("metadata");
        var version = metadata.GetProperty("resourceVersion").GetString()!;
        try
        {
            var status = budget.TryGetProperty("status", out var written) ? written.Deserialize(ResourcesJson.Default.LedgerStatus) : null;
            return new(version, (status ?? new LedgerStatus()).ToLedger(metadata.GetProperty("namespace").GetString()!));
        }
        catch (JsonException e)
        {
            return new(version, RolloutLedger.Empty, e.Message);
        }
    }
}

/// <summary><c>RolloutBudget.status</c>.</summary>
public sealed record LedgerStatus
{
    public DateTimeOffset? AdoptedAt { get; init; }

    public IReadOnlyList<LedgerEntryStatus>? Entries { get; init; }

    public IReadOnlyList<WorkloadHistoryStatus>? Workloads { get; init; }

    public IReadOnlyList<PresentedContentStatus>? Presented { get; init; }

    public static LedgerStatus Of(RolloutLedger ledger, string ns) => new()
    {
        AdoptedAt = ledger.AdoptedAt,
        Entries = [.. ledger.Entries.Select(e => LedgerEntryStatus.Of(e, ns))],
        Workloads = [.. ledger.Workloads.Select(WorkloadHistoryStatus.Of)],
        Presented = ledger.Presented.Count == 0 ? null : [.. ledger.Presented.Select(PresentedContentStatus.Of)],
    };

    public RolloutLedger ToLedger(string ns) => new()
    {
        AdoptedAt = AdoptedAt,
        Entries = [.. (Entries ?? []).Select(e => e.ToEntry(ns))],
        Workloads = [.. (Workloads ?? []).Select(w => w.ToHistory(ns))],
        Presented = [.. (Presented ?? []).Select(p => p.ToContent(ns))],
    };
}

/// <summary>Which workload; the namespace only where it is not that of the ledger.</summary>
public sealed record WorkloadName
{
    public string? Namespace { get; init; }

    public required WorkloadKind Kind { get; init; }

    public required string Name { get; init; }

    public static WorkloadName Of(WorkloadReference workload, string ns) => new()
    {
        Namespace = workload.Namespace == ns ? null : workload.Namespace,
        Kind = workload.Kind,
        Name = workload.Name,
    };

    public WorkloadReference In(string ns) => new(Namespace ?? ns, Kind, Name);
}

public sealed record GoverningPolicyStatus(string Name, Provenance Provenance);

/// <summary><c>status.entries[]</c>.</summary>
public sealed record LedgerEntryStatus
{
    public required string Key { get; init; }

    public required WorkloadName Workload { get; init; }

    public required string Uid { get; init; }

    public bool Create { get; init; }

    public required string Digest { get; init; }

    public string? PreviousDigest { get; init; }

    public required string Template { get; init; }

    public string? PreviousTemplate { get; init; }

    public long PreviousGeneration { get; init; }

    public long PreviousVersion { get; init; }

    public required DateTimeOffset At { get; init; }

    public required EntryState State { get; init; }

    public required string Requester { get; init; }

    public IReadOnlyList<ApprovedBy>? Approvers { get; init; }

    public required IReadOnlyList<GoverningPolicyStatus> Policies { get; init; }

    public RolloutSort Sort { get; init; }

    public string? BreakGlassReason { get; init; }

    public bool Recorded { get; init; }

    public static LedgerEntryStatus Of(LedgerEntry entry, string ns) => new()
    {
        Key = entry.Key,
        Workload = WorkloadName.Of(entry.Rollout.Workload, ns),
        Uid = entry.Rollout.Uid,
        Create = entry.Rollout.IsCreate,
        Digest = entry.Rollout.Digest.ToString(),
        PreviousDigest = StoredDigest.Write(entry.Rollout.PreviousDigest),
        Template = entry.Rollout.Template.ToString(),
        PreviousTemplate = entry.Rollout.IsCreate ? null : entry.Rollout.PreviousTemplate.ToString(),
        PreviousGeneration = entry.Rollout.PreviousGeneration,
        PreviousVersion = (long)entry.Rollout.PreviousVersion,
        At = entry.At,
        State = entry.State,
        Requester = entry.Rollout.Requester,
        Approvers = entry.Rollout.Approvers.Count == 0 ? null : entry.Rollout.Approvers,
        Policies = [.. entry.Rollout.Policies.Select(p => new GoverningPolicyStatus(p.Name, p.Provenance))],
        Sort = entry.Rollout.Sort,
        BreakGlassReason = entry.Rollout.BreakGlassReason,
        Recorded = entry.IsRecorded,
    };

    public LedgerEntry ToEntry(string ns) => new(
        Key,
        new Rollout
        {
            Workload = Workload.In(ns),
            Uid = Uid,
            IsCreate = Create,
            Digest = StoredDigest.Read(Digest),
            PreviousDigest = StoredDigest.Read(PreviousDigest),
            Template = StoredDigest.ReadTemplate(Template),
            PreviousTemplate = StoredDigest.ReadTemplate(PreviousTemplate),
            PreviousGeneration = PreviousGeneration,
            PreviousVersion = (ulong)PreviousVersion,
            Requester = Requester,
            Approvers = Approvers ?? [],
            Policies = [.. Policies.Select(p => new GoverningPolicy(p.Name, p.Provenance))],
            Sort = Sort,
            BreakGlassReason = BreakGlassReason,
        },
        At,
        State,
        Recorded);
}

public sealed record KnownContentStatus(string Digest, bool Admitted, bool Good);

/// <summary><c>status.workloads[]</c>.</summary>
public sealed record WorkloadHistoryStatus
{
    public required WorkloadName Workload { get; init; }

    public string? Uid { get; init; }

    public string? Digest { get; init; }

    public string? Template { get; init; }

    public long Generation { get; init; }

    public DateTimeOffset? Since { get; init; }

    public IReadOnlyList<KnownContentStatus>? Contents { get; init; }

    public DateTimeOffset? FailedAt { get; init; }

    public IReadOnlyList<string>? UnguardedApprovals { get; init; }

    public static WorkloadHistoryStatus Of(WorkloadHistory history) => new()
    {
        Workload = WorkloadName.Of(history.Workload, history.Workload.Namespace),
        Uid = history.Uid,
        Digest = StoredDigest.Write(history.Digest),
        Template = history.Template.ToString(),
        Generation = history.Generation,
        Since = history.Since,
        Contents = [.. history.Contents.Select(c => new KnownContentStatus(c.Digest.ToString(), c.IsAdmitted, c.IsGood))],
        FailedAt = history.FailedAt,
        UnguardedApprovals = history.UnguardedApprovals.Count == 0 ? null : history.UnguardedApprovals,
    };

    public WorkloadHistory ToHistory(string ns) => new()
    {
        Workload = Workload.In(ns),
        Uid = Uid,
        Digest = StoredDigest.Read(Digest),
        Template = StoredDigest.ReadTemplate(Template),
        Generation = Generation,
        Since = Since,
        Contents = [.. (Contents ?? []).Select(c => new KnownContent(StoredDigest.Read(c.Digest), c.Admitted, c.Good))],
        FailedAt = FailedAt,
        UnguardedApprovals = UnguardedApprovals ?? [],
    };
}

/// <summary><c>status.presented[]</c>.</summary>
public sealed record PresentedContentStatus(WorkloadName Workload, string Content, IReadOnlyList<string> Images, IReadOnlyList<string> Policies, DateTimeOffset At)
{
    public static PresentedContentStatus Of(PresentedContent presented) => new(
        WorkloadName.Of(presented.Workload, presented.Workload.Namespace), presented.Content.ToString(), presented.Images, presented.Policies, presented.At);

    public PresentedContent ToContent(string ns) => new(Workload.In(ns), StoredDigest.Read(Content), Images, Policies, At);
}

/// <summary>Digests and fingerprints as the ledger stores them; nothing is stored for nothing.</summary>
internal static class StoredDigest
{
    public static string? Write(ChangeDigest digest) => digest.IsDefault ? null : digest.ToString();

    public static ChangeDigest Read(string? text) => text is null
        ? default
        : ChangeDigest.TryParse(text, out var digest) ? digest : throw new JsonException($"{text} is not a digest");

    public static TemplateFingerprint ReadTemplate(string? text) => text is null
        ? TemplateFingerprint.None
        : ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? new(value)
            : throw new JsonException($"{text} is not a fingerprint");
}
