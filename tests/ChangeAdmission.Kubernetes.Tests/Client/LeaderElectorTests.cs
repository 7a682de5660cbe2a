using System.Net;
using System.Text.Json.Nodes;
using ChangeAdmission.Kubernetes.Client;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ChangeAdmission.Kubernetes.Tests.Client;

/// <summary>Against a small server that keeps one Lease as an API server does, and can be cut off from one of the candidates.</summary>
public sealed class LeaderElectorTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly Lock _lock = new();
    private readonly HashSet<string> _cutOff = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private WebApplication _server = null!;
    private JsonNode? _lease;
    private int _version;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.Urls.Add("http://127.0.0.1:0");
        _server.Run(AnswerAsync);
        await _server.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var running in _running)
        {
            await AdvanceUntil(() => running.IsCompleted);
        }

        await _server.StopAsync();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task One_of_two_leads()
    {
        var (a, b) = (Start("a"), Start("b"));

        await AdvanceUntil(() => a.IsLeading || b.IsLeading);
        for (var i = 0; i < 60; i++)
        {
            await StepAsync();
            (a.IsLeading && b.IsLeading).Should().BeFalse();
        }
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_stops_before_another_begins()
    {
        var a = Start("a");
        await AdvanceUntil(() => a.IsLeading);
        var b = Start("b");
        await StepAsync();
        CutOff("a");
        var since = _time.GetUtcNow();
        DateTimeOffset? stopped = null;

        await AdvanceUntil(() =>
        {
            (a.IsLeading && b.IsLeading).Should().BeFalse("two leaders would undo each other's work");
            stopped ??= a.IsLeading ? null : _time.GetUtcNow();
            return b.IsLeading;
        });

        stopped.Should().NotBeNull();
        (stopped!.Value - since).Should().BeLessThanOrEqualTo(LeaderElector.RenewDeadline + TimeSpan.FromSeconds(1));
        (_time.GetUtcNow() - since).Should().BeGreaterThanOrEqualTo(LeaderElector.Duration - LeaderElector.RetryPeriod);
    }

    [Fact]
    public async Task A_leader_that_ends_lets_go_at_once()
    {
        using var stopA = new CancellationTokenSource();
        var a = Start("a", stopA.Token);
        await AdvanceUntil(() => a.IsLeading);
        var b = Start("b");
        await StepAsync();
        var since = _time.GetUtcNow();

        await stopA.CancelAsync();
        await AdvanceUntil(() => b.IsLeading);

        (_time.GetUtcNow() - since).Should().BeLessThan(LeaderElector.RetryPeriod * 3);
    }

    [Fact]
    public async Task Work_that_ends_by_itself_begins_again_in_the_next_term()
    {
        var terms = 0;
        _running.Add(Elector("a").RunAsync(
            _ =>
            {
                terms++;
                return Task.CompletedTask;
            },
            _stop.Token));

        await AdvanceUntil(() => terms >= 3);
    }

    private Candidate Start(string name, CancellationToken stop = default)
    {
        var candidate = new Candidate();
        var linked = stop.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(stop, _stop.Token).Token : _stop.Token;
        _running.Add(Elector(name).RunAsync(candidate.LeadAsync, linked));
        return candidate;
    }

    private LeaderElector Elector(string name) => new(
        new KubernetesApi(new KubernetesClientConfiguration { Host = _server.Urls.Single(), UserAgent = name }, _time), "system", "lease", name, _time, NullLogger.Instance);

    private void CutOff(string name)
    {
        lock (_lock)
        {
            _cutOff.Add(name);
        }
    }

    // A fifth of a second at a time, with leave for everybody to act in between.
    private async Task StepAsync()
    {
        _time.Advance(TimeSpan.FromMilliseconds(200));
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(1);
        }
    }

    private async Task AdvanceUntil(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!holds())
        {
            patience.Token.ThrowIfCancellationRequested();
            await StepAsync();
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var body = http.Request.Method is "PUT" or "POST" ? await JsonNode.ParseAsync(http.Request.Body) : null;
        var (status, answer) = Answer(http.Request.Headers.UserAgent.ToString(), http.Request.Method, body);
        http.Response.StatusCode = (int)status;
        await http.Response.WriteAsync(answer ?? """{"kind":"Status"}""");
    }

    private (HttpStatusCode Status, string? Body) Answer(string caller, string method, JsonNode? body)
    {
        lock (_lock)
        {
            var writer = body?["spec"]?["holderIdentity"]?.GetValue<string>();
            if (_cutOff.Contains(caller) || _cutOff.Contains(writer ?? ""))
            {
                return (HttpStatusCode.ServiceUnavailable, null);
            }

            switch (method)
            {
                case "GET":
                    return _lease is null ? (HttpStatusCode.NotFound, null) : (HttpStatusCode.OK, _lease.ToJsonString());
                case "POST" when _lease is not null:
                case "PUT" when VersionOf(body) != VersionOf(_lease):
                    return (HttpStatusCode.Conflict, null);
                default:
                    _lease = body;
                    _lease!["metadata"]!["resourceVersion"] = $"{++_version}";
                    return (HttpStatusCode.OK, _lease.ToJsonString());
            }
        }
    }

    private static string? VersionOf(JsonNode? lease) => lease is null ? null : lease["metadata"]!["resourceVersion"]?.GetValue<string>();

    private sealed class Candidate
    {
        private volatile bool _isLeading;

        public bool IsLeading => _isLeading;

        public async Task LeadAsync(CancellationToken ct)
        {
            _isLeading = true;
            await Task.Delay(Timeout.Infinite, ct).ContinueWith(_ => { }, TaskScheduler.Default);
            _isLeading = false;
        }
    }
}
