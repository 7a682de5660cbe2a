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

    private readonly Clock _time = new();
    private readonly Lock _lock = new();
    private readonly HashSet<string> _cutOff = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private WebApplication _server = null!;
    private JsonNode? _lease;
    private int _version;
    private TimeSpan _nextAnswerTakes;

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

    [Fact]
    public async Task A_process_that_stood_still_while_it_took_the_lease_does_not_lead_by_it()
    {
        StandStillOverNextWrite();

        var a = Start("a");
        await AdvanceUntil(() => _lease is not null);
        for (var i = 0; i < 5; i++)
        {
            await StepAsync();
            a.IsLeading.Should().BeFalse("another may have taken the Lease meanwhile");
        }

        await AdvanceUntil(() => a.IsLeading);
    }

    [Fact]
    public async Task A_leader_that_stood_still_over_a_renewal_stops_and_may_lead_again()
    {
        var a = Start("a");
        await AdvanceUntil(() => a.IsLeading);

        StandStillOverNextWrite();

        await AdvanceUntil(() => !a.IsLeading);
        await AdvanceUntil(() => a.IsLeading);
        _running.Should().OnlyContain(r => !r.IsCompleted);
    }

    [Fact]
    public async Task Nobody_leads_beside_the_holder_of_a_lease_that_was_deleted()
    {
        var a = Start("a");
        await AdvanceUntil(() => a.IsLeading);
        var b = Start("b");
        for (var i = 0; i < 20; i++)
        {
            await StepAsync();
        }

        // Several times, as it depends on who asks first after it.
        for (var i = 0; i < 100; i++)
        {
            lock (_lock)
            {
                _lease = i % 10 == 0 ? null : _lease;
            }

            await StepAsync();
            (a.IsLeading && b.IsLeading).Should().BeFalse();
        }
    }

    [Fact]
    public async Task Work_that_takes_its_time_to_end_does_not_make_a_leader()
    {
        using var mayEnd = new SemaphoreSlim(0);
        var elector = Elector("a");
        _running.Add(elector.RunAsync(_ => mayEnd.WaitAsync(CancellationToken.None), _stop.Token));
        await AdvanceUntil(() => elector.IsLeader);

        CutOff("a");
        await AdvanceUntil(() => !elector.IsLeader);

        mayEnd.Release();
    }

    private Candidate Start(string name, CancellationToken stop = default)
    {
        var candidate = new Candidate(Elector(name));
        var linked = stop.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(stop, _stop.Token).Token : _stop.Token;
        _running.Add(candidate.RunAsync(linked));
        return candidate;
    }

    private LeaderElector Elector(string name) => new(
        new KubernetesApi(new KubernetesClientConfiguration { Host = _server.Urls.Single(), UserAgent = name }, _time), "system", "lease", name, _time, NullLogger.Instance);

    // Longer than the deadline by which a holder has to renew, as a suspended machine does.
    private void StandStillOverNextWrite()
    {
        lock (_lock)
        {
            _nextAnswerTakes = LeaderElector.RenewDeadline * 2;
        }
    }

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

            if (method is "PUT" or "POST")
            {
                _time.StandStill(_nextAnswerTakes);
                _nextAnswerTakes = default;
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

    // What was due while the process stood still comes after what arrived, which is the harder order.
    private sealed class Clock() : FakeTimeProvider(DateTimeOffset.UtcNow)
    {
        private long _stoodStill;

        public void StandStill(TimeSpan duration) => Interlocked.Add(ref _stoodStill, duration.Ticks);

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _stoodStill);
    }

    /// <summary>What it may do is exact; what its work does follows when the machine finds the time.</summary>
    private sealed class Candidate(LeaderElector elector)
    {
        public bool IsLeading => elector.IsLeader;

        public Task RunAsync(CancellationToken ct) =>
            elector.RunAsync(term => Task.Delay(Timeout.Infinite, term).ContinueWith(_ => { }, TaskScheduler.Default), ct);
    }
}
