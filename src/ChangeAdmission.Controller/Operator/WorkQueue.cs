using System.Threading.Channels;

namespace ChangeAdmission.Controller.Operator;

/// <summary>
/// Keys that have to be looked at, as client-go's workqueue keeps them: a key that waits is held once, a key that is being worked on
/// is not given out a second time but comes again afterwards, and a key that failed comes back later and later.
/// </summary>
internal sealed class WorkQueue<TKey>(TimeProvider time)
    where TKey : notnull
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastBackoff = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();
    private readonly HashSet<TKey> _waiting = [];
    private readonly HashSet<TKey> _working = [];
    private readonly Dictionary<TKey, DateTimeOffset> _later = [];
    private readonly Dictionary<TKey, int> _failures = [];

    public void Add(TKey key)
    {
        lock (_lock)
        {
            _later.Remove(key);
            AddReady(key);
        }
    }

    /// <summary>After this long; an earlier time for the same key stands.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        var due = time.GetUtcNow() + delay;
        lock (_lock)
        {
            if (_later.TryGetValue(key, out var earlier) && earlier <= due)
            {
                return;
            }

            _later[key] = due;
        }

        _ = DeliverAsync(key, due, delay);
    }

    /// <summary>Again after a pause that doubles with each failure in a row.</summary>
    public void Retry(TKey key)
    {
        int failures;
        lock (_lock)
        {
            failures = _failures[key] = _failures.GetValueOrDefault(key) + 1;
        }

        var backoff = FirstBackoff * Math.Pow(2, Math.Min(failures - 1, 20));
        AddAfter(key, (backoff < LastBackoff ? backoff : LastBackoff) * (0.75 + (Random.Shared.NextDouble() / 4)));
    }

    /// <summary>The key has succeeded: its next failure is its first.</summary>
    public void Forget(TKey key)
    {
        lock (_lock)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>The next key. It is the caller's until <see cref="Done"/>.</summary>
    public async Task<TKey> TakeAsync(CancellationToken ct)
    {
        var key = await _ready.Reader.ReadAsync(ct).ConfigureAwait(false);
        lock (_lock)
        {
            _waiting.Remove(key);
            _working.Add(key);
            return key;
        }
    }

    public void Done(TKey key)
    {
        lock (_lock)
        {
            _working.Remove(key);
            if (_waiting.Contains(key))
            {
                // It was added while it was worked on.
                _ready.Writer.TryWrite(key);
            }
        }
    }

    private void AddReady(TKey key)
    {
        if (_waiting.Add(key) && !_working.Contains(key))
        {
            _ready.Writer.TryWrite(key);
        }
    }

    private async Task DeliverAsync(TKey key, DateTimeOffset due, TimeSpan delay)
    {
        await Task.Delay(delay, time, CancellationToken.None).ConfigureAwait(false);
        lock (_lock)
        {
            // Another time, or the key itself, may have come in between.
            if (_later.TryGetValue(key, out var present) && present == due)
            {
                _later.Remove(key);
                AddReady(key);
            }
        }
    }
}
