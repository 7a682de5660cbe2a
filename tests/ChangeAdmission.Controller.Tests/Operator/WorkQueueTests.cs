using ChangeAdmission.Controller.Operator;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ChangeAdmission.Controller.Tests.Operator;

public sealed class WorkQueueTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new WorkQueue<string>(_time);

    [Fact]
    public async Task A_key_that_waits_is_held_once()
    {
        _queue.Add("a");
        _queue.Add("a");
        _queue.Add("b");

        (await TakeAsync()).Should().Be("a");
        (await TakeAsync()).Should().Be("b");
        Nothing();
    }

    [Fact]
    public async Task A_key_that_is_worked_on_comes_again_afterwards_and_not_before()
    {
        _queue.Add("a");
        var key = await TakeAsync();
        _queue.Add("a");
        _queue.Add("a");
        Nothing();

        _queue.Done(key);
        (await TakeAsync()).Should().Be("a");
        Nothing();
    }

    [Fact]
    public async Task Of_two_times_the_earlier_stands_and_an_addition_is_earlier_than_both()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));
        _queue.AddAfter("a", TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(5));
        (await TakeAsync()).Should().Be("a");
        _queue.Done("a");
        _time.Advance(TimeSpan.FromMinutes(5));
        Nothing();

        _queue.AddAfter("b", TimeSpan.FromSeconds(5));
        _queue.Add("b");
        (await TakeAsync()).Should().Be("b");
        _queue.Done("b");
        _time.Advance(TimeSpan.FromSeconds(5));
        Nothing();
    }

    [Fact]
    public async Task A_key_that_fails_comes_back_later_and_later_until_it_succeeds()
    {
        var failures = 0;
        var succeeded = new TaskCompletionSource();
        using var stop = new CancellationTokenSource();
        var loop = new ReconcileLoop<string>(
            _queue,
            (_, _) =>
            {
                if (++failures <= 8)
                {
                    throw new InvalidOperationException("not yet");
                }

                succeeded.TrySetResult();
                return Task.FromResult<ReconcileResult>(ReconcileResult.Done.Instance);
            },
            NullLogger.Instance).RunAsync(1, stop.Token);
        _queue.Add("a");

        var waited = TimeSpan.Zero;
        while (!succeeded.Task.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            waited += TimeSpan.FromMilliseconds(1);
            await Task.Yield();
            waited.Should().BeLessThan(TimeSpan.FromMinutes(10));
        }

        // 5 + 10 + 20 + … + 640 ms, of which each is at least three quarters.
        waited.Should().BeGreaterThan(TimeSpan.FromMilliseconds(950));
        await stop.CancelAsync();
        await loop.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_reconciler_that_asks_to_look_again_is_asked_again_after_that_time()
    {
        var calls = 0;
        var called = new SemaphoreSlim(0);
        using var stop = new CancellationTokenSource();
        var loop = new ReconcileLoop<string>(
            _queue,
            (_, _) =>
            {
                calls++;
                called.Release();
                return Task.FromResult<ReconcileResult>(new ReconcileResult.Again(TimeSpan.FromHours(1)));
            },
            NullLogger.Instance).RunAsync(2, stop.Token);

        _queue.Add("a");
        (await called.WaitAsync(Patience)).Should().BeTrue();
        while (calls < 2)
        {
            _time.Advance(TimeSpan.FromHours(1));
            await Task.Yield();
        }

        await stop.CancelAsync();
        await loop.WaitAsync(Patience);
    }

    private async Task<string> TakeAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        return await _queue.TakeAsync(patience.Token);
    }

    private void Nothing()
    {
        using var atOnce = new CancellationTokenSource();
        var take = _queue.TakeAsync(atOnce.Token);
        take.IsCompleted.Should().BeFalse("nothing should be ready");
        atOnce.Cancel();
    }
}
