using System.Buffers;
using ChangeAdmission.Core;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Client;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// The edge, hardened once for all webhooks: bound, read, decide, answer. What is no AdmissionReview gets a 4xx that
/// names the problem; once there is a uid to answer to, whatever goes wrong is a rejection and never an admission.
/// </summary>
internal sealed partial class WebhookEndpoint(IEnumerable<IWebhook> webhooks, TimeProvider time, ILogger<WebhookEndpoint> logger)
{
    /// <summary>Two objects of at most 3 MiB each (the API server's own limit on a request), and the envelope.</summary>
    public const int MaxBody = 7 * 1024 * 1024;
    public const int MaxInFlight = 256;

    /// <summary>The API server waits 5 s; an answer in words is better than its time-out.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(4);

    private readonly Dictionary<string, IWebhook> _webhooks = webhooks.ToDictionary(w => w.Path, StringComparer.Ordinal);
    private int _inFlight;

    public async Task HandleAsync(HttpContext http)
    {
        if (!_webhooks.TryGetValue(http.Request.Path.Value ?? "", out var webhook))
        {
            await RefuseAsync(http, StatusCodes.Status404NotFound, "there is no webhook at this path").ConfigureAwait(false);
            return;
        }

        if (!HttpMethods.IsPost(http.Request.Method))
        {
            http.Response.Headers.Allow = HttpMethods.Post;
            await RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, "only POST is understood").ConfigureAwait(false);
            return;
        }

        if (!IsJson(http.Request.ContentType))
        {
            await RefuseAsync(http, StatusCodes.Status415UnsupportedMediaType, "only application/json is understood").ConfigureAwait(false);
            return;
        }

        if (Interlocked.Increment(ref _inFlight) > MaxInFlight)
        {
            Interlocked.Decrement(ref _inFlight);
            await RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, $"more than {MaxInFlight} reviews are in flight").ConfigureAwait(false);
            return;
        }

        try
        {
            await AnswerAsync(http, webhook).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task AnswerAsync(HttpContext http, IWebhook webhook)
    {
        var (buffer, length, status) = await ReadAsync(http).ConfigureAwait(false);
        try
        {
            if (status != StatusCodes.Status200OK)
            {
                var problem = status == StatusCodes.Status413PayloadTooLarge ? $"the body is larger than {MaxBody} bytes" : "the body did not arrive";
                await RefuseAsync(http, status, problem).ConfigureAwait(false);
                return;
            }

            var request = AdmissionReviewReader.Read(buffer.AsMemory(0, length));
            var response = await ReviewAsync(webhook, request, http.RequestAborted).ConfigureAwait(false);
            http.Response.ContentType = "application/json";
            response.WriteTo(http.Response.BodyWriter, request.Uid.Of(request.Body).Span);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted).ConfigureAwait(false);
        }
        catch (AdmissionReviewException e)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, e.Message).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller hung up; there is nobody left to answer.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<AdmissionResponse> ReviewAsync(IWebhook webhook, AdmissionRequest request, CancellationToken aborted)
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var aborting = aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        try
        {
            return await webhook.ReviewAsync(request, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return AdmissionResponse.Reject($"unavailable: no decision within {Deadline.TotalSeconds} s; try again");
        }
        catch (AdmissionReviewException e)
        {
            return AdmissionResponse.Reject($"invalid: {e.Message}");
        }
        catch (Exception e) when (e is KubernetesApiException or HttpRequestException or IOException)
        {
            return AdmissionResponse.Reject($"unavailable: this could not be looked up: {Quoted.Printable(e.Message)}; try again");
        }
        catch (Exception e)
        {
            // Whatever it is, it must not become an admission, nor end the process.
            var uid = System.Text.Encoding.UTF8.GetString(request.Uid.Of(request.Body).Span);
            LogFailed(logger, e, webhook.Path, uid);
            return AdmissionResponse.Reject($"unavailable: an internal error, logged with the request's uid {uid}");
        }
    }

    // The buffer is the caller's to return, also when the status says that the body is not in it.
    private static async ValueTask<(byte[] Buffer, int Length, int Status)> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > MaxBody)
        {
            return ([], 0, StatusCodes.Status413PayloadTooLarge);
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)(http.Request.ContentLength ?? 16 * 1024) + 1);
        var length = 0;
        try
        {
            while (true)
            {
                var read = await http.Request.Body.ReadAsync(buffer.AsMemory(length), http.RequestAborted).ConfigureAwait(false);
                length += read;
                if (read == 0)
                {
                    return (buffer, length, StatusCodes.Status200OK);
                }

                if (length > MaxBody)
                {
                    return (buffer, 0, StatusCodes.Status413PayloadTooLarge);
                }

                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.CopyTo(larger, 0);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        catch (BadHttpRequestException e)
        {
            return (buffer, 0, e.StatusCode);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return (buffer, 0, StatusCodes.Status400BadRequest);
        }
    }

    private static bool IsJson(string? contentType) =>
        contentType is not null
        && contentType.AsSpan().StartsWith("application/json", StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == "application/json".Length || contentType["application/json".Length] is ';' or ' ');

    private static async Task RefuseAsync(HttpContext http, int status, string problem)
    {
        if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(problem + "\n", http.RequestAborted).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Reviewing at {Path} failed; request uid {Uid} was rejected")]
    private static partial void LogFailed(ILogger logger, Exception e, string path, string uid);
}
