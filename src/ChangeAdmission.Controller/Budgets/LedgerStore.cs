using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Budgets;

/// <summary>Which ledger: that of a namespace, or that of a policy.</summary>
internal readonly record struct LedgerReference(string Namespace, string Name)
{
    public bool IsOfNamespace => Name == RolloutBudget.NamespaceName;

    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>The ledger cannot take the change: it would be too large, or it is damaged.</summary>
internal sealed class LedgerException(string message) : Exception(message);

/// <summary>
/// The ledgers as they are stored, and the one way to change them: a function from ledger to ledger, applied to the version read
/// and written back by compare-and-swap. On a conflict the stored version is read and the function applied again; after a lost
/// answer too, which is why every change must be one that may be applied twice. All who wait for one ledger in this replica
/// share a write.
/// <code>
///   ChangeAsync ─┐                      ┌─ 200 ─► everyone answered
///   ChangeAsync ─┼─► apply in order ─► PUT
///   ChangeAsync ─┘        ▲             └─ 409, no answer ─► read live ─┐
///                         └─────────────────────────────────────────────┘
/// </code>
/// </summary>
internal sealed partial class LedgerStore(
    KubernetesApi api, ClusterState state, ControllerOptions options, TimeProvider time, LedgerMetrics metrics, ILogger<LedgerStore> logger)
{
    /// <summary>Bytes of one ledger; etcd takes 1.5 MiB.</summary>
    private const int MaxSize = 512 * 1024;

    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<LedgerReference, Writer> _writers = new();
    // The versions that this replica wrote, or read live, which its watch may not have brought yet.
    private readonly ConcurrentDictionary<LedgerReference, StoredLedger> _read = UntilDeleted(state);

    public static LedgerReference OfNamespace(string ns) => new(ns, RolloutBudget.NamespaceName);

    public LedgerReference OfPolicy(string policy) => new(options.Namespace, RolloutBudget.PolicyName(policy));

    /// <summary>The newest version known here; null where the ledger is not known, damaged, or has not been adopted.</summary>
    public RolloutLedger? Known(LedgerReference ledger) => Latest(ledger) is { Problem: null, Ledger.AdoptedAt: not null } stored ? stored.Ledger : null;

    /// <summary>The ledger as it would be made here, without writing anything: for a dry run in a namespace that has none.</summary>
    public async Task<RolloutLedger> PreviewAsync(LedgerReference ledger, CancellationToken ct)
    {
        if (Known(ledger) is { } known)
        {
            return known;
        }

        var stored = await ReadAsync(ledger, ct).ConfigureAwait(false);
        return stored?.Ledger.AdoptedAt is not null ? stored.Ledger : await AdoptAsync(ledger, stored?.Ledger ?? RolloutLedger.Empty, ct).ConfigureAwait(false);
    }

    /// <summary>The ledger as it is stored at this moment.</summary>
    /// <exception cref="LedgerException">It is damaged, or not there.</exception>
    public async Task<RolloutLedger> ReadLiveAsync(LedgerReference ledger, CancellationToken ct) =>
        await ReadAsync(ledger, ct).ConfigureAwait(false) is { Problem: null } stored
            ? stored.Ledger
            : throw new LedgerException($"the ledger {ledger} is gone or damaged");

    /// <summary>
    /// Applies the change and stores the outcome; answers what the change answered when it was applied to the version stored.
    /// A ledger that is not there is made, and adopted by the same write.
    /// </summary>
    /// <param name="change">Pure, and safe to apply twice. The same instance back means that there is nothing to store.</param>
    /// <param name="reserves">Whether an admission waits for it, for the metric.</param>
    /// <exception cref="OperationCanceledException">Out of time. The change may still be stored.</exception>
    /// <exception cref="LedgerException">The ledger is full or damaged.</exception>
    public Task<TAnswer> ChangeAsync<TAnswer>(
        LedgerReference ledger, Func<RolloutLedger, (RolloutLedger Ledger, TAnswer Answer)> change, CancellationToken ct, bool reserves = false)
    {
        var waiter = new Waiter<TAnswer>(change, reserves, ct);
        var writer = _writers.GetOrAdd(ledger, static _ => new Writer());
        if (writer.Add(waiter))
        {
            // The first to wait writes for all who come while it does.
            _ = Task.Run(() => WriteAllAsync(ledger, writer), CancellationToken.None);
        }

        return waiter.Answer.WaitAsync(ct);
    }

    private async Task WriteAllAsync(LedgerReference ledger, Writer writer)
    {
        while (writer.Take() is { Count: > 0 } batch)
        {
            try
            {
                await WriteAsync(ledger, batch).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                batch.ForEach(w => w.Fail(e));
            }
        }
    }

    private async Task WriteAsync(LedgerReference ledger, List<IWaiter> batch)
    {
        var pause = FirstPause;
        var stored = Latest(ledger);
        while (true)
        {
            batch.RemoveAll(w => w.HasGivenUp);
            if (batch.Count == 0)
            {
                return;
            }

            using var deadline = new CancellationTokenSource(CallDeadline, time);
            try
            {
                if (stored is null)
                {
                    // Remembered, because whoever is refused by this version judges again by what is known here.
                    stored = await ReadAsync(ledger, deadline.Token).ConfigureAwait(false) ?? await CreateAsync(ledger, deadline.Token).ConfigureAwait(false);
                    _read[ledger] = stored;
                }

                var changed = await ApplyAsync(ledger, stored, batch, deadline.Token).ConfigureAwait(false);
                if (!ReferenceEquals(changed, stored.Ledger))
                {
                    _read[ledger] = await PutAsync(ledger, stored.ResourceVersion, changed, deadline.Token).ConfigureAwait(false);
                    metrics.CountWrite(batch.Exists(w => w.Reserves));
                }

                batch.ForEach(w => w.Complete());
                return;
            }
            catch (Exception e) when (e is KubernetesApiException or HttpRequestException or IOException or OperationCanceledException)
            {
                // Refused or without an answer: whatever became of the write, the stored version tells.
                if (e is KubernetesApiException { IsConflict: true } or KubernetesApiException { IsNotFound: true })
                {
                    metrics.CountConflict();
                }
                else
                {
                    LogRetry(logger, ledger, e.Message);
                }

                stored = null;
                _read.TryRemove(ledger, out _);
            }

            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, CancellationToken.None).ConfigureAwait(false);
            pause = pause * 2 < LastPause ? pause * 2 : LastPause;
        }
    }

    private async Task<RolloutLedger> ApplyAsync(LedgerReference ledger, StoredLedger stored, List<IWaiter> batch, CancellationToken ct)
    {
        if (stored.Problem is { } problem)
        {
            throw new LedgerException($"the ledger {ledger} is damaged ({problem}); an administrator has to repair or delete it");
        }

        var changed = stored.Ledger.AdoptedAt is null ? await AdoptAsync(ledger, stored.Ledger, ct).ConfigureAwait(false) : stored.Ledger;
        foreach (var waiter in batch)
        {
            changed = waiter.Apply(changed);
        }

        return changed;
    }

    private async Task<RolloutLedger> AdoptAsync(LedgerReference ledger, RolloutLedger unadopted, CancellationToken ct)
    {
        var seen = new List<WorkloadSeen>();
        foreach (var kind in ledger.IsOfNamespace ? Enum.GetValues<WorkloadKind>() : [])
        {
            using var list = await api.GetAsync(WorkloadObject.CollectionOf(kind, ledger.Namespace), ResourcesJson.Default.JsonDocument, ct)
                .ConfigureAwait(false);
            seen.AddRange(list.RootElement.GetProperty("items").EnumerateArray().Select(item => WorkloadObject.Read(kind, item).Seen));
        }

        return unadopted.Adopt(seen, time.GetUtcNow());
    }

    // What was read of a ledger that is gone must not stand in for the next one.
    private static ConcurrentDictionary<LedgerReference, StoredLedger> UntilDeleted(ClusterState state)
    {
        var read = new ConcurrentDictionary<LedgerReference, StoredLedger>();
        state.Ledgers.Changed += changes =>
        {
            foreach (var gone in changes.Where(c => c.After is null))
            {
                if (gone.Key.Split('/') is [var ns, var name])
                {
                    read.TryRemove(new(ns, name), out _);
                }
            }
        };
        return read;
    }

    private StoredLedger? Latest(LedgerReference ledger)
    {
        var watched = state.Ledgers.Snapshot.GetValueOrDefault(ledger.ToString());
        var read = _read.GetValueOrDefault(ledger);
        if (read is null || watched is null)
        {
            // Without the watched one, ours may be of an object that was deleted since; the write will tell.
            return watched ?? read;
        }

        // Versions of one object are numbers that grow (KEP-5504); where they are not, the watch decides.
        return ulong.TryParse(read.ResourceVersion, out var ours) && ulong.TryParse(watched.ResourceVersion, out var theirs) && ours > theirs
            ? read
            : watched;
    }

    private async Task<StoredLedger?> ReadAsync(LedgerReference ledger, CancellationToken ct)
    {
        try
        {
            return await GetAsync(RolloutBudget.PathOf(ledger.Namespace, ledger.Name), ct).ConfigureAwait(false);
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    private async Task<StoredLedger> GetAsync(string path, CancellationToken ct)
    {
        var budget = await api.GetAsync(path, ResourcesJson.Default.JsonElement, ct).ConfigureAwait(false);
        return StoredLedger.Read(budget);
    }

    // Its status is not stored by this call, so the new ledger is not adopted yet, and worth nothing, until the first write.
    private async Task<StoredLedger> CreateAsync(LedgerReference ledger, CancellationToken ct)
    {
        var budget = new RolloutBudget { Metadata = new ObjectMeta { Name = ledger.Name, Namespace = ledger.Namespace } };
        var created = await api.CreateAsync(
            RolloutBudget.PathOf(ledger.Namespace), budget, ResourcesJson.Default.RolloutBudget, ResourcesJson.Default.JsonElement, ct).ConfigureAwait(false);
        return StoredLedger.Read(created);
    }

    private async Task<StoredLedger> PutAsync(LedgerReference ledger, string version, RolloutLedger changed, CancellationToken ct)
    {
        var budget = new RolloutBudget
        {
            Metadata = new ObjectMeta { Name = ledger.Name, Namespace = ledger.Namespace, ResourceVersion = version },
            Status = LedgerStatus.Of(changed, ledger.Namespace),
        };
        var body = JsonSerializer.SerializeToUtf8Bytes(budget, ResourcesJson.Default.RolloutBudget);
        if (body.Length > MaxSize)
        {
            throw new LedgerException($"the ledger {ledger} is full: {changed.Entries.Count} rollouts and {changed.Workloads.Count} workloads need more than {MaxSize / 1024} KiB");
        }

        var answer = await api.ReplaceAsync(
            RolloutBudget.PathOf(ledger.Namespace, ledger.Name) + "/status", body, ResourcesJson.Default.PartialObject, ct).ConfigureAwait(false);
        return new StoredLedger(
            answer.Metadata?.ResourceVersion ?? throw new KubernetesApiException(HttpStatusCode.OK, "", "the answer to a write has no resourceVersion"),
            changed);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Writing the ledger {Ledger} failed and is tried again: {Problem}")]
    private static partial void LogRetry(ILogger logger, LedgerReference ledger, string problem);

    private interface IWaiter
    {
        bool HasGivenUp { get; }

        bool Reserves { get; }

        RolloutLedger Apply(RolloutLedger ledger);

        void Complete();

        void Fail(Exception e);
    }

    private sealed class Waiter<TAnswer>(Func<RolloutLedger, (RolloutLedger Ledger, TAnswer Answer)> change, bool reserves, CancellationToken ct) : IWaiter
    {
        private readonly TaskCompletionSource<TAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TAnswer? _latest;

        public Task<TAnswer> Answer => _answer.Task;

        public bool HasGivenUp => ct.IsCancellationRequested;

        public bool Reserves => reserves;

        public RolloutLedger Apply(RolloutLedger ledger)
        {
            (ledger, _latest) = change(ledger);
            return ledger;
        }

        public void Complete() => _answer.TrySetResult(_latest!);

        public void Fail(Exception e) => _answer.TrySetException(e);
    }

    // Who waits for one ledger; at most one task writes it at a time.
    private sealed class Writer
    {
        private readonly Lock _lock = new();
        private List<IWaiter> _waiting = [];
        private bool _isWriting;

        /// <summary>Whether the caller has to start the writing.</summary>
        public bool Add(IWaiter waiter)
        {
            lock (_lock)
            {
                _waiting.Add(waiter);
                (var starts, _isWriting) = (!_isWriting, true);
                return starts;
            }
        }

        /// <summary>All who wait; none, and then the writing has ended.</summary>
        public List<IWaiter> Take()
        {
            lock (_lock)
            {
                var taken = _waiting;
                _waiting = [];
                _isWriting = taken.Count > 0;
                return taken;
            }
        }
    }
}
