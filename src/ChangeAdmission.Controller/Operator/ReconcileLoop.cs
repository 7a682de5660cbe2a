namespace ChangeAdmission.Controller.Operator;

/// <summary>Works a queue off with a reconciler: one key at a time per worker, never one key by two workers.</summary>
internal sealed partial class ReconcileLoop<TKey>(
    WorkQueue<TKey> queue, Func<TKey, CancellationToken, Task<ReconcileResult>> reconcile, ILogger logger)
    where TKey : notnull
{
    public Task RunAsync(int workers, CancellationToken ct) => Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(ct)));

    private async Task WorkAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            TKey key;
            try
            {
                key = await queue.TakeAsync(ct).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                var result = await reconcile(key, ct).ConfigureAwait(false);
                queue.Forget(key);
                if (result is ReconcileResult.Again(var after))
                {
                    queue.AddAfter(key, after);
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A reconciler that fails, for whatever reason, is asked again; it must not take the others down with it.
                LogRetry(logger, key.ToString() ?? "", e.Message);
                queue.Retry(key);
            }
            finally
            {
                queue.Done(key);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reconciling {Key} failed and is tried again: {Problem}")]
    private static partial void LogRetry(ILogger logger, string key, string problem);
}
