using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using CsCheck;
using static ChangeAdmission.Core.Tests.Budgets.Ledgers;

namespace ChangeAdmission.Core.Tests.Budgets;

/// <summary>
/// A small cluster, in which everything that can happen between a reservation and its rollout does, in any order: duplicate calls,
/// crashes, another webhook's no, conflicts, deletion, an operator that is away, clocks that differ. Whatever the order, no window
/// ever holds more persisted rollouts than the limit.
/// </summary>
public sealed class LedgerModelTests
{
    private const int Limit = 3;
    private const int WindowSeconds = 60;
    private static readonly ChangePolicy Policies = Policy(PerWorkload(Limit, WindowSeconds), PerNamespace(Limit + 2, WindowSeconds));

    // Operation, workload, number: what the number means is the operation's.
    private static readonly Gen<(int Operation, int Workload, int Number)> Step = Gen.Select(Gen.Int[0, 9], Gen.Int[0, 2], Gen.Int[0, 99]);

    [Fact]
    public void No_window_ever_holds_more_persisted_rollouts_than_the_limit() => Step.Array[1, 120].Sample(
        steps =>
        {
            var cluster = new Cluster();
            foreach (var step in steps)
            {
                cluster.Do(step.Operation, step.Workload, step.Number);
            }

            return cluster.Holds();
        },
        iter: Environment.GetEnvironmentVariable("CHANGEADMISSION_SOAK") == "1" ? 2_000_000 : 40_000);

    private sealed class Cluster
    {
        private readonly Dictionary<int, Running> _running = [];
        private readonly List<(double At, int Workload)> _persisted = [];
        private readonly List<Call> _pending = [];
        private RolloutLedger _ledger;
        private double _now; // seconds of true time
        private readonly HashSet<string> _created = []; // what the operator's watch has seen, without a gap
        private double _watchedSince = -100;
        private int _uids;

        public Cluster()
        {
            for (var w = 0; w < 3; w++)
            {
                _running[w] = new Running($"uid-{_uids++}", 0, 0, 1);
            }

            _ledger = RolloutLedger.Empty.Adopt(_running.Keys.Select(SeenNow), At(0));
        }

        public void Do(int operation, int workload, int number)
        {
            switch (operation)
            {
                case 0 or 1: // the webhook is called for a new write
                    Calls(NewCall(workload, number), number);
                    break;
                case 2: // the API server calls again for a write that is still on its way, after a conflict perhaps
                    Again(number);
                    break;
                case 3 or 4: // a write is persisted, if it still applies to what runs
                    Persist(number);
                    break;
                case 5: // a write never arrives: another webhook's no, or the API server crashed
                    Lose(number);
                    break;
                case 6: // somebody scales it
                    if (_running.TryGetValue(workload, out var scaled))
                    {
                        _running[workload] = scaled with { Generation = scaled.Generation + 1 };
                    }

                    break;
                case 7: // the operator comes by
                    Operate(number);
                    break;
                case 8: // time passes
                    _now += number;
                    ExpirePending();
                    break;
                case 9: // it is deleted
                    _running.Remove(workload);
                    break;
            }
        }

        public bool Holds() =>
            _running.Keys.Concat(_persisted.Select(p => p.Workload)).Distinct().All(w => WindowsHold([.. _persisted.Where(p => p.Workload == w).Select(p => p.At)], Limit))
            && WindowsHold([.. _persisted.Select(p => p.At)], Limit + 2);

        private static bool WindowsHold(double[] times, int limit) =>
            !times.Where((at, i) => i >= limit && at - times[i - limit] < WindowSeconds).Any();

        private Call NewCall(int workload, int number) => _running.TryGetValue(workload, out var current)
            ? new Call(workload, current, current with { Content = number % 4, Restarts = number % 4 == current.Content ? current.Restarts + 1 : 0 })
            : new Call(workload, null, new Running($"uid-{_uids++}", number % 4, 0, 1));

        // A clock is at most 2 s off: a replica that is further off is not ready.
        private DateTimeOffset Clock(int number) => Noon.AddSeconds(_now + (number % 5) - 2);

        private void Calls(Call call, int number)
        {
            // What leaves the template as it is rolls nothing out, and the ledger never hears of it.
            if (call.Old?.SameTemplate(call.New) == true)
            {
                return;
            }

            if (_ledger.Reserve(call.Rollout(), [Policies], isPolicyLedger: false, Clock(number)) is ReservationResult.Reserved reserved)
            {
                _ledger = reserved.Ledger;
                _pending.Add(call with { Admitted = _now });
            }
        }

        private void Again(int number)
        {
            if (_pending.Count == 0)
            {
                return;
            }

            var call = _pending[number % _pending.Count];
            _pending.Remove(call);
            if (call.Old is null)
            {
                Calls(call, number);
            }
            else if (_running.TryGetValue(call.Workload, out var current) && current.Uid == call.Old.Uid)
            {
                Calls(call with { Old = current }, number);
            }
        }

        // Compare-and-swap, as etcd does it: a write that was judged against another object is judged again first.
        private void Persist(int number)
        {
            if (_pending.Count == 0)
            {
                return;
            }

            var call = _pending[number % _pending.Count];
            var present = _running.GetValueOrDefault(call.Workload);
            if (present != call.Old || (call.Old is not null && call.Old.SameTemplate(call.New)))
            {
                return;
            }

            _pending.Remove(call);
            _running[call.Workload] = call.New with { Generation = (present?.Generation ?? 0) + 1 };
            _persisted.Add((_now, call.Workload));
            _created.Add(call.New.Uid);
        }

        private void Lose(int number)
        {
            if (_pending.Count > 0)
            {
                _pending.RemoveAt(number % _pending.Count);
            }
        }

        // The API server ends a write 34 s after it began; other webhooks may take their time.
        private void ExpirePending() => _pending.RemoveAll(c => _now - c.Admitted > 34);

        private void Operate(int number)
        {
            if (number >= 80)
            {
                // Another operator takes over, which has not seen what this one saw.
                _created.Clear();
                _watchedSince = _now;
            }

            foreach (var workload in _running.Keys.ToList())
            {
                _ledger = _ledger.Observe(SeenNow(workload), Clock(number)).Ledger;
            }

            foreach (var entry in _ledger.Entries.Where(e => e.State == EntryState.Reserved && Clock(number) - e.At > TimeSpan.FromSeconds(50)).ToList())
            {
                var workload = int.Parse(entry.Rollout.Workload.Name, System.Globalization.CultureInfo.InvariantCulture);
                var neverExisted = At((int)_watchedSince) < entry.At - RolloutLedger.Slack && !_created.Contains(entry.Rollout.Uid);
                var evidence = new LiveEvidence(_running.ContainsKey(workload) ? SeenNow(workload) : null, new HashSet<ChangeDigest>(), neverExisted);
                _ledger = _ledger.Release(entry, evidence);
            }

            _ledger = _ledger.Recorded(_ledger.Entries.Where(e => e.State == EntryState.Committed).Select(e => e.Key).ToHashSet())
                .Prune(TimeSpan.FromSeconds(WindowSeconds), Clock(number));
        }

        private WorkloadSeen SeenNow(int workload) => _running[workload].Seen(workload);
    }

    private sealed record Running(string Uid, int Content, int Restarts, long Generation)
    {
        public TemplateFingerprint Template => new((ulong)((Content * 1000) + Restarts + 1));

        public bool SameTemplate(Running other) => Template == other.Template;

        public WorkloadSeen Seen(int workload) =>
            new(Named($"{workload}"), Uid, Ledgers.Content(Content), Template, Generation, true, []);
    }

    private sealed record Call(int Workload, Running? Old, Running New, double Admitted = 0)
    {
        public Rollout Rollout() => new()
        {
            Workload = Named($"{Workload}"),
            Uid = New.Uid,
            IsCreate = Old is null,
            Digest = Content(New.Content),
            PreviousDigest = Old is null ? default : Content(Old.Content),
            Template = New.Template,
            PreviousTemplate = Old?.Template ?? TemplateFingerprint.None,
            PreviousGeneration = Old?.Generation ?? 0,
            PreviousVersion = (ulong)(Old?.Generation ?? 0),
            Requester = "dev",
            Policies = [new("critical", Provenance.Human)],
            Sort = Old?.Content == New.Content ? RolloutSort.Restart : RolloutSort.Regular,
        };
    }
}
