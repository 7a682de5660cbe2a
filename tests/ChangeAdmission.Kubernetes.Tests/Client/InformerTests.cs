using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using ChangeAdmission.Kubernetes.Client;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChangeAdmission.Kubernetes.Tests.Client;

/// <summary>Against a small server that speaks as an API server does about one collection.</summary>
public sealed class InformerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly Channel<string?> _events = Channel.CreateUnbounded<string?>();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly ConcurrentQueue<IReadOnlyList<InformerChange<string>>> _changes = new();
    private WebApplication _server = null!;
    private Informer<string> _informer = null!;
    private Task _running = null!;
    private volatile string _list = List("7", Item("a", "1"), Item("b", "2"));
    private volatile Func<string, (int Status, string Body)>? _rest;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.Urls.Add("http://127.0.0.1:0");
        _server.Run(AnswerAsync);
        await _server.StartAsync();

        var api = new KubernetesApi(new KubernetesClientConfiguration { Host = _server.Urls.Single() }, TimeProvider.System);
        _informer = new Informer<string>(
            api, new("api/v1/things", item => item.GetProperty("value").GetString()!), TimeProvider.System, NullLogger.Instance);
        _informer.Changed += changes =>
        {
            _changes.Enqueue(changes);
            _changed.Release();
        };
        _running = _informer.RunAsync(_stop.Token);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _server.StopAsync();
        await _server.DisposeAsync();
        _stop.Dispose();
        _changed.Dispose();
    }

    [Fact]
    public async Task What_is_listed_is_held_and_what_is_watched_changes_it()
    {
        await _informer.Synced.WaitAsync(Patience);
        _informer.Snapshot.Should().BeEquivalentTo(new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" });

        Send("ADDED", Item("c", "3", "8"));
        Send("MODIFIED", Item("a", "9", "9"));
        Send("DELETED", Item("b", "2", "10"));

        await Until(() => _informer.Snapshot.Count == 2 && _informer.Snapshot.ContainsKey("c"));
        _informer.Snapshot.Should().BeEquivalentTo(new Dictionary<string, string> { ["a"] = "9", ["c"] = "3" });
    }

    [Fact]
    public async Task A_watch_that_ends_is_resumed_where_the_last_bookmark_was()
    {
        Send("BOOKMARK", """{"metadata":{"resourceVersion":"55"}}""");
        _events.Writer.TryWrite(null);
        Send("ADDED", Item("c", "3", "56"));

        await Until(() => _informer.Snapshot.ContainsKey("c"));
        _asked.Where(q => q.Contains("watch=true", StringComparison.Ordinal)).Last().Should().Contain("resourceVersion=55").And.Contain("allowWatchBookmarks=true");
        _asked.Count(q => !q.Contains("watch=true", StringComparison.Ordinal)).Should().Be(1, "it was listed once");
    }

    [Fact]
    public async Task A_version_that_is_no_longer_kept_is_listed_again()
    {
        await _informer.Synced.WaitAsync(Patience);
        _list = List("90", Item("z", "26"));
        Expire();

        await Until(() => _informer.Snapshot.ContainsKey("z"));
        _informer.Snapshot.Should().HaveCount(1, "what is no longer listed is gone");
    }

    [Fact]
    public async Task An_answer_that_makes_no_sense_is_survived()
    {
        await _informer.Synced.WaitAsync(Patience);
        _events.Writer.TryWrite("this is not JSON");
        _events.Writer.TryWrite(null);
        Send("ADDED", Item("c", "3", "8"));

        await Until(() => _informer.Snapshot.ContainsKey("c"));
    }

    [Fact]
    public async Task A_long_list_is_read_in_pages_and_published_whole()
    {
        await _informer.Synced.WaitAsync(Patience);
        _rest = token => token == "more/of it" ? (200, Page("90", null, Item("y", "25"))) : (400, "");
        _list = Page("90", "more/of it", Item("z", "26"));
        Expire();

        await Until(() => _informer.Snapshot.ContainsKey("y"));

        _informer.Snapshot.Should().BeEquivalentTo(new Dictionary<string, string> { ["y"] = "25", ["z"] = "26" });
        _changes.Should().HaveCount(2, "a half is never shown");
        _asked.Should().Contain(q => q.Contains("limit=500", StringComparison.Ordinal) && !q.Contains("continue", StringComparison.Ordinal));
        Send("ADDED", Item("c", "3", "91"));
        await Until(() => _informer.Snapshot.ContainsKey("c"));
        _asked.Last().Should().Contain("resourceVersion=90");
    }

    [Fact]
    public async Task A_list_that_expires_between_two_pages_begins_anew()
    {
        await _informer.Synced.WaitAsync(Patience);
        _rest = _ =>
        {
            _list = List("95", Item("x", "24"));
            return (410, """{"kind":"Status","reason":"Expired","code":410}""");
        };
        _list = Page("90", "more", Item("z", "26"));
        Expire();

        await Until(() => _informer.Snapshot.ContainsKey("x"));

        _informer.Snapshot.Should().HaveCount(1);
        _changes.Should().HaveCount(2, "what was listed before it expired is not shown");
    }

    [Fact]
    public async Task What_changed_is_told_with_what_it_was()
    {
        await _informer.Synced.WaitAsync(Patience);
        Send("MODIFIED", Item("a", "9", "9"));
        Send("DELETED", Item("b", "2", "10"));
        await Until(() => _informer.Snapshot.Count == 1);
        _list = List("90", Item("z", "26"));
        Expire();
        await Until(() => _informer.Snapshot.ContainsKey("z"));

        _changes.SelectMany(c => c.OrderBy(one => one.Key)).Should().Equal(
            new("a", null, "1"), new("b", null, "2"), new("a", "1", "9"), new("b", "2", null), new("a", "9", null), new("z", null, "26"));
    }

    // And ends the watch, so that it takes no event that is meant for the next one.
    private void Expire()
    {
        _events.Writer.TryWrite("""{"type":"ERROR","object":{"kind":"Status","code":410,"metadata":{}}}""");
        _events.Writer.TryWrite(null);
    }

    private async Task AnswerAsync(HttpContext http)
    {
        _asked.Enqueue(http.Request.QueryString.Value ?? "");
        if (!http.Request.Query.ContainsKey("watch"))
        {
            var (status, body) = _rest is { } rest && http.Request.Query["continue"].ToString() is { Length: > 0 } token ? rest(token) : (200, _list);
            http.Response.StatusCode = status;
            await http.Response.WriteAsync(body);
            return;
        }

        await http.Response.Body.FlushAsync();
        try
        {
            // Null ends this watch, as an API server does after some minutes.
            while (await _events.Reader.ReadAsync(http.RequestAborted) is { } line)
            {
                await http.Response.WriteAsync(line + "\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The informer left.
        }
    }

    private void Send(string type, string item) => _events.Writer.TryWrite($$"""{"type":"{{type}}","object":{{item}}}""");

    private async Task Until(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!holds())
        {
            await _changed.WaitAsync(patience.Token);
        }
    }

    private static string Item(string name, string value, string version = "1") =>
        JsonSerializer.Serialize(new { metadata = new { name, resourceVersion = version }, value });

    private static string List(string version, params string[] items) => Page(version, null, items);

    private static string Page(string version, string? next, params string[] items) =>
        JsonSerializer.Serialize(new { metadata = new { resourceVersion = version, @continue = next ?? "" }, items = items.Select(i => JsonDocument.Parse(i).RootElement) });
}
