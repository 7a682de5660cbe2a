using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using ChangeAdmission.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace ChangeAdmission.Kubernetes.Client;

/// <summary>What to hold of which objects.</summary>
/// <param name="Path">The collection, without a slash in front: <c>api/v1/namespaces</c>.</param>
/// <param name="Project">What is kept of one object; the object itself is let go.</param>
/// <param name="FieldSelector">Narrows the collection; null for all of it.</param>
public sealed record InformerSource<T>(string Path, Func<JsonElement, T> Project, string? FieldSelector = null)
    where T : class;

/// <summary>One object that came, went, or became another.</summary>
/// <param name="Key">As in <see cref="Informer{T}.Snapshot"/>.</param>
/// <param name="Before">What was held; null for a new one.</param>
/// <param name="After">What is held now; null for one that is gone.</param>
public readonly record struct InformerChange<T>(string Key, T? Before, T? After)
    where T : class;

/// <summary>
/// Keeps what matters of one collection in memory: lists it, then watches with bookmarks from the version listed,
/// resumes where a watch ended, and lists again when the server no longer has that version (410). Readers see an
/// immutable snapshot, never a half-applied list.
/// </summary>
public sealed partial class Informer<T>(KubernetesApi api, InformerSource<T> source, TimeProvider time, ILogger logger)
    where T : class
{
    // The server ends a watch by itself after this long; the client gives up on a silent one somewhat later.
    private static readonly TimeSpan WatchFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PageDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastBackoff = TimeSpan.FromSeconds(5);

    // As client-go's pager has it: bounds what the API server and we hold of a list at once.
    private const int PageSize = 500;

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ImmutableDictionary<string, T> _snapshot = ImmutableDictionary.Create<string, T>(StringComparer.Ordinal);
    private string? _version; // what the snapshot corresponds to; null: list first
    private long _failingSince; // a timestamp of the TimeProvider; 0 while the watch stands

    /// <summary>The objects by <c>namespace/name</c>, or by name where the collection is cluster-wide.</summary>
    public IReadOnlyDictionary<string, T> Snapshot => _snapshot;

    /// <summary>Just before the objects were last listed anew; between lists nothing is missed. Null before the first list.</summary>
    public DateTimeOffset? ListedAt { get; private set; }

    /// <summary>Completes with the first list.</summary>
    public Task Synced => _synced.Task;

    /// <summary>How long the API server has not been reachable; zero while the watch stands.</summary>
    public TimeSpan FailingFor => Volatile.Read(ref _failingSince) is var since and not 0 ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>
    /// After every new snapshot, with what differs from the last. After a list that is every object, as what was missed in between is not
    /// known. Called by the informer's own loop: be quick.
    /// </summary>
    public event Action<IReadOnlyList<InformerChange<T>>>? Changed;

    /// <summary>Runs until cancelled; whatever goes wrong is retried.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var backoff = FirstBackoff;
        while (!ct.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            try
            {
                _version ??= await ListAsync(ct).ConfigureAwait(false);
                await WatchAsync(ct).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (KubernetesApiException e) when (e.IsExpired)
            {
                LogExpired(logger, source.Path);
                _version = null;
            }
            catch (Exception e)
            {
                // Refused, broken off, or no answer that Kubernetes would give: the next attempt may fare better, and
                // nothing else here can.
                if (Volatile.Read(ref _failingSince) == 0)
                {
                    Volatile.Write(ref _failingSince, time.GetTimestamp());
                }

                LogRetry(logger, source.Path, e.Message, backoff.TotalSeconds);
            }

            // Also after a watch that ended well: a server that ends them at once must not be asked in a loop.
            backoff = time.GetElapsedTime(started) > LastBackoff ? FirstBackoff : backoff;
            await PauseAsync(backoff, ct).ConfigureAwait(false);
            backoff = Next(backoff);
        }
    }

    // Every page is of the version of the first. Should that be compacted in between (410), nothing of the list is published.
    private async Task<string> ListAsync(CancellationToken ct)
    {
        var objects = _snapshot.Clear().ToBuilder();
        var began = time.GetUtcNow();
        string version;
        var next = "";
        do
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
            deadline.CancelAfter(PageDeadline);
            using var page = await api.GetAsync(Query($"limit={PageSize}{next}"), ResourcesJson.Default.JsonDocument, deadline.Token).ConfigureAwait(false);
            if (page.RootElement.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in items.EnumerateArray())
                {
                    objects[KeyOf(item)] = source.Project(item);
                }
            }

            var metadata = page.RootElement.GetProperty("metadata");
            version = metadata.GetProperty("resourceVersion").GetString()!;
            next = metadata.TryGetProperty("continue", out var rest) && rest.GetString() is { Length: > 0 } token ? $"&continue={Uri.EscapeDataString(token)}" : "";
        }
        while (next.Length > 0);

        var before = _snapshot;
        var after = objects.ToImmutable();
        ListedAt = began;
        Publish(after, [
            .. before.Where(old => !after.ContainsKey(old.Key)).Select(old => new InformerChange<T>(old.Key, old.Value, null)),
            .. after.Select(present => new InformerChange<T>(present.Key, before.GetValueOrDefault(present.Key), present.Value)),
        ]);
        Volatile.Write(ref _failingSince, 0);
        _synced.TrySetResult();
        return version;
    }

    private async Task WatchAsync(CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(WatchFor + Grace);
        var query = Query($"watch=true&allowWatchBookmarks=true&timeoutSeconds={(int)WatchFor.TotalSeconds}&resourceVersion={_version}");
        var stream = await api.OpenAsync(query, deadline.Token).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            Volatile.Write(ref _failingSince, 0);
            using var lines = new StreamReader(stream, Encoding.UTF8);
            while (await lines.ReadLineAsync(deadline.Token).ConfigureAwait(false) is { } line)
            {
                Apply(line);
            }
        }
    }

    private void Apply(string line)
    {
        using var document = JsonDocument.Parse(line);
        var type = document.RootElement.GetProperty("type").GetString();
        var item = document.RootElement.GetProperty("object");
        switch (type)
        {
            case "ADDED" or "MODIFIED":
                var (key, projected) = (KeyOf(item), source.Project(item));
                Publish(_snapshot.SetItem(key, projected), [new(key, _snapshot.GetValueOrDefault(key), projected)]);
                break;
            case "DELETED":
                var gone = KeyOf(item);
                Publish(_snapshot.Remove(gone), [new(gone, _snapshot.GetValueOrDefault(gone), null)]);
                break;
            case "ERROR":
                var code = item.TryGetProperty("code", out var c) ? c.GetInt32() : 500;
                throw new KubernetesApiException((HttpStatusCode)code, "", $"watching {source.Path}: {item}");
        }

        _version = item.GetProperty("metadata").GetProperty("resourceVersion").GetString();
    }

    private void Publish(ImmutableDictionary<string, T> objects, IReadOnlyList<InformerChange<T>> changes)
    {
        _snapshot = objects;
        Changed?.Invoke(changes);
    }

    private string Query(string query)
    {
        var selector = source.FieldSelector is null ? "" : $"fieldSelector={Uri.EscapeDataString(source.FieldSelector)}&";
        return $"{source.Path}?{selector}{query}";
    }

    private static string KeyOf(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        var name = metadata.GetProperty("name").GetString()!;
        return metadata.TryGetProperty("namespace", out var ns) ? $"{ns.GetString()}/{name}" : name;
    }

    private static TimeSpan Next(TimeSpan backoff) => backoff * 2 < LastBackoff ? backoff * 2 : LastBackoff;

    private async Task PauseAsync(TimeSpan backoff, CancellationToken ct)
    {
        // Full jitter in the upper half, so that replicas do not come back in step.
        var pause = backoff * (0.5 + (Random.Shared.NextDouble() / 2));
        await Task.Delay(pause, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Listing {Path} again: the version watched is no longer kept")]
    private static partial void LogExpired(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot watch {Path}: {Problem}; trying again in about {Seconds} s")]
    private static partial void LogRetry(ILogger logger, string path, string problem, double seconds);
}
