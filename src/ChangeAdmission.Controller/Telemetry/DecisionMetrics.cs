using System.Diagnostics.Metrics;
using ChangeAdmission.Controller.Certificates;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>
/// The metrics of the product. Label values are bounded: policies, namespaces, kinds and closed sets, never a user, a
/// digest or a workload's name.
/// </summary>
internal sealed class DecisionMetrics
{
    public const string MeterName = "ChangeAdmission";
    public const string Duration = "changeadmission_decision_duration";

    /// <summary>Seconds. From the cheapest decision seen to the deadline of the API server.</summary>
    public static readonly double[] DurationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

    private readonly Counter<long> _decisions;
    private readonly Counter<long> _eventsDropped;
    private readonly Counter<long> _breakGlass;
    private readonly Histogram<double> _duration;

    public DecisionMetrics(IMeterFactory meters, ClusterState state, ServingCertificate serving)
    {
        var meter = meters.Create(MeterName);
        _decisions = meter.CreateCounter<long>(
            "changeadmission_decisions", description: "Decisions on rollouts and on writes of our annotations, one per governing policy.");
        _breakGlass = meter.CreateCounter<long>("changeadmission_break_glass", description: "Rollouts that somebody took past every rule.");
        _eventsDropped = meter.CreateCounter<long>(
            "changeadmission_events_dropped", description: "Events that were not sent because too many were waiting.");
        _duration = meter.CreateHistogram<double>(Duration, "s", "Time from a read request to its decision.");
        meter.CreateObservableGauge(
            "changeadmission_webhook_configuration_present",
            () => state.ValidatingConfiguration is null ? 0 : 1,
            description: "1 while the API server is configured to call us, 0 when the configuration is gone.");
        meter.CreateObservableGauge(
            "changeadmission_certificate_expiry_timestamp",
            () => serving.NotAfter is { } end ? [new Measurement<long>(end.ToUnixTimeSeconds())] : Array.Empty<Measurement<long>>(),
            "s",
            "When the serving certificate expires, in Unix time.");
    }

    public void RecordDuration(TimeSpan took) => _duration.Record(took.TotalSeconds);

    public void CountDroppedEvent() => _eventsDropped.Add(1);

    public void Count(Decision decision)
    {
        if (decision is { BreakGlass: BreakGlass.Broken, IsAllowed: true, Change.IsDryRun: false })
        {
            var workload = decision.Change.Workload;
            _breakGlass.Add(1, new("namespace", workload.Namespace), new KeyValuePair<string, object?>("kind", workload.Kind.ToString()));
        }

        if (decision.Policies.Count == 0)
        {
            Count(decision, new PolicyDecision(null, default, default, []));
        }

        foreach (var policy in decision.Policies)
        {
            Count(decision, policy);
        }
    }

    /// <summary>A rejection by one of the webhooks around the gate.</summary>
    public void CountGuarded(string ns, string kind, IReadOnlyList<string> policies, Reason reason, bool isDryRun)
    {
        foreach (var policy in policies)
        {
            _decisions.Add(
                1,
                new("policy", policy),
                new("namespace", ns),
                new("kind", kind),
                new("provenance", nameof(Provenance.Undeclared)),
                new("decision", Outcome.Rejected.Label()),
                new("reason", reason.Id()),
                new("dry_run", isDryRun ? "true" : "false"));
        }
    }

    private void Count(Decision decision, PolicyDecision policy)
    {
        var change = decision.Change;
        _decisions.Add(
            1,
            new("policy", policy.Policy ?? "none"),
            new("namespace", change.Workload.Namespace),
            new("kind", change.Workload.Kind.ToString()),
            new("provenance", policy.Provenance.ToString()),
            new("decision", policy.Outcome.Label()),
            new("reason", policy.Violations.Count > 0 ? policy.Violations[0].Reason.Id() : "none"),
            new("dry_run", change.IsDryRun ? "true" : "false"));
    }
}
