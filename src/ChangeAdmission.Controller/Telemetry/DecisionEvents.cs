using System.Text;
using System.Threading.Channels;
using ChangeAdmission.Core;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>
/// Sends an Event for every judged rollout, off the request path: through a bounded queue that drops and counts
/// rather than let a decision wait. A dry run leaves nothing behind.
/// </summary>
internal sealed partial class DecisionEvents : BackgroundService
{
    private const int Capacity = 1024;
    private const int MaxMessage = 1024; // bytes; the API server refuses more
    private const int MaxName = 200; // of the 253 that a name may have
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly Channel<CoreEvent> _queue;
    private readonly KubernetesApi _api;
    private readonly DecisionMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<DecisionEvents> _logger;

    public DecisionEvents(KubernetesApi api, DecisionMetrics metrics, TimeProvider time, ILogger<DecisionEvents> logger)
    {
        (_api, _metrics, _time, _logger) = (api, metrics, time, logger);
        _queue = Channel.CreateBounded<CoreEvent>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropWrite },
            _ => _metrics.CountDroppedEvent());
    }

    public void Enqueue(Decision decision)
    {
        if (!decision.Change.IsDryRun && (decision.Change.IsRollout || !decision.IsAllowed))
        {
            _queue.Writer.TryWrite(EventOf(decision));
        }
    }

    /// <summary>Tells of a rollout that nobody admitted.</summary>
    public void ReportUnadmitted(WorkloadObject workload, bool isPaused)
    {
        var seen = workload.Seen;
        var involved = new ObjectReference
        {
            ApiVersion = "apps/v1",
            Kind = seen.Workload.Kind.ToString(),
            Name = seen.Workload.Name,
            Namespace = seen.Workload.Namespace,
            Uid = seen.Uid,
        };
        var paused = isPaused ? "; it is paused until the next rollout that is admitted" : "";
        _queue.Writer.TryWrite(EventOn(involved, "UnadmittedRollout", "Warning", $"runs change {seen.Digest}, which nobody admitted{paused}"));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var message in _queue.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                await SendAsync(message, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task SendAsync(CoreEvent message, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Deadline);
        try
        {
            var path = $"api/v1/namespaces/{message.Metadata.Namespace}/events";
            await _api.CreateAsync(path, message, ResourcesJson.Default.CoreEvent, ResourcesJson.Default.PartialObject, deadline.Token)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is KubernetesApiException or HttpRequestException or OperationCanceledException)
        {
            LogNotSent(_logger, message.Reason, message.InvolvedObject.Name, e.Message);
        }
    }

    private CoreEvent EventOf(Decision decision)
    {
        var change = decision.Change;
        var rejected = !decision.IsAllowed;

        // A workload whose creation was rejected does not exist, so there is only its namespace to speak of.
        var involved = rejected && change.IsCreate
            ? new ObjectReference { ApiVersion = "v1", Kind = "Namespace", Name = change.Workload.Namespace }
            : new ObjectReference
            {
                ApiVersion = "apps/v1",
                Kind = change.Workload.Kind.ToString(),
                Name = change.Workload.Name,
                Namespace = change.Workload.Namespace,
                Uid = change.Uid,
            };
        if (!rejected && decision.BreakGlass is BreakGlass.Broken(var reason))
        {
            return EventOn(involved, "BreakGlassUsed", "Warning", $"{Admission(decision)} went past every rule: {Quoted.Printable(reason)}");
        }

        return EventOn(
            involved,
            rejected ? "RolloutRejected" : "RolloutAdmitted",
            rejected ? "Warning" : "Normal",
            rejected ? DecisionText.Rejection(decision) : Admission(decision));
    }

    private CoreEvent EventOn(ObjectReference involved, string reason, string type, string message)
    {
        var now = _time.GetUtcNow();
        return new CoreEvent
        {
            Metadata = new ObjectMeta
            {
                Name = $"{(involved.Name.Length <= MaxName ? involved.Name : involved.Name[..MaxName].TrimEnd('.', '-'))}.{Guid.NewGuid():n}",
                Namespace = involved.Namespace ?? "default",
            },
            InvolvedObject = involved,
            Reason = reason,
            Type = type,
            Message = Truncated(message),
            FirstTimestamp = now,
            LastTimestamp = now,
            Source = new EventSource("changeadmission"),
        };
    }

    private static string Admission(Decision decision)
    {
        var text = new StringBuilder($"change {decision.Change.Digest} requested by {Quoted.Of(decision.Change.Requester.Username)}");
        var broken = decision.Policies.SelectMany(p => p.Violations.Select(v => $"{v.Reason.Id()} ({p.Enforcement} in policy {p.Policy})"));
        return text.AppendJoin("", broken.Select(b => $"; {b}")).ToString();
    }

    private static string Truncated(string text)
    {
        const char Ellipsis = '…';
        const int EllipsisBytes = 3;
        if (Encoding.UTF8.GetByteCount(text) <= MaxMessage)
        {
            return text;
        }

        var kept = new StringBuilder(MaxMessage);
        var room = MaxMessage - EllipsisBytes;
        foreach (var rune in text.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            kept.Append(rune.ToString());
        }

        return kept.Append(Ellipsis).ToString();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Event {Reason} on {Name} was not sent: {Problem}")]
    private static partial void LogNotSent(ILogger logger, string reason, string name, string problem);
}
