using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChangeAdmission.Kubernetes.Resources;
using k8s;

namespace ChangeAdmission.Kubernetes.Client;

/// <summary>The API server answered, but not with what was asked for.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="reason"><c>metav1.Status.reason</c>, or empty.</param>
/// <param name="message">What the API server said, with what was asked.</param>
public sealed class KubernetesApiException(HttpStatusCode status, string reason, string message) : Exception(message)
{
    public HttpStatusCode Status { get; } = status;

    public string Reason { get; } = reason;

    public bool IsNotFound => Status == HttpStatusCode.NotFound;

    public bool IsConflict => Status == HttpStatusCode.Conflict;

    /// <summary>The resourceVersion asked for is no longer kept: list again.</summary>
    public bool IsExpired => Status == HttpStatusCode.Gone;
}

/// <summary>
/// A thin client over the official one: that reads the kubeconfig and does TLS and authentication, this does the few
/// verbs we need on any path, with source-generated JSON. Paths begin without a slash: <c>api/v1/namespaces</c>.
/// </summary>
public sealed class KubernetesApi : IDisposable
{
    private const string Json = "application/json";
    private const string MetadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

    private readonly k8s.Kubernetes _client;
    private readonly TimeProvider _time;

    public KubernetesApi(KubernetesClientConfiguration configuration, TimeProvider time)
    {
        _time = time;
        // Watches stay open; every other call carries its own deadline.
        configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan;
        _client = new k8s.Kubernetes(configuration);
    }

    public Uri Server => _client.BaseUri;

    public ServerClock Clock { get; } = new();

    public void Dispose() => _client.Dispose();

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, path, null, Json, type, ct);

    /// <summary>Only the metadata of a collection's objects, which may be large themselves.</summary>
    public async Task<PartialObjectList> GetMetadataAsync(string path, CancellationToken ct) =>
        await SendAsync(HttpMethod.Get, path, null, MetadataOnly, ResourcesJson.Default.PartialObjectList, ct).ConfigureAwait(false);

    public Task<TAnswer> CreateAsync<T, TAnswer>(
        string path, T body, JsonTypeInfo<T> type, JsonTypeInfo<TAnswer> answer, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, path, JsonSerializer.SerializeToUtf8Bytes(body, type), Json, answer, ct);

    public Task<TAnswer> ReplaceAsync<T, TAnswer>(
        string path, T body, JsonTypeInfo<T> type, JsonTypeInfo<TAnswer> answer, CancellationToken ct) =>
        SendAsync(HttpMethod.Put, path, JsonSerializer.SerializeToUtf8Bytes(body, type), Json, answer, ct);

    /// <summary>Replaces by a body that is JSON already.</summary>
    public Task<TAnswer> ReplaceAsync<TAnswer>(string path, byte[] body, JsonTypeInfo<TAnswer> answer, CancellationToken ct) =>
        SendAsync(HttpMethod.Put, path, body, Json, answer, ct);

    /// <summary>A JSON patch (RFC 6902).</summary>
    public Task<TAnswer> PatchAsync<T, TAnswer>(
        string path, T patch, JsonTypeInfo<T> type, JsonTypeInfo<TAnswer> answer, CancellationToken ct) =>
        SendAsync(HttpMethod.Patch, path, JsonSerializer.SerializeToUtf8Bytes(patch, type), "application/json-patch+json", answer, ct);

    /// <summary>A merge patch (RFC 7386). What is answered is not looked at.</summary>
    public async Task MergePatchAsync<T>(string path, T patch, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var response = await SendAsync(
            HttpMethod.Patch, path, JsonSerializer.SerializeToUtf8Bytes(patch, type), "application/merge-patch+json", ct).ConfigureAwait(false);
    }

    public async Task DeleteAsync(string path, CancellationToken ct)
    {
        using var response = await SendAsync(HttpMethod.Delete, path, null, Json, ct).ConfigureAwait(false);
    }

    /// <summary>The response's body as it arrives, for a watch. Dispose it to end the call.</summary>
    public async Task<Stream> OpenAsync(string path, CancellationToken ct)
    {
        var response = await SendAsync(HttpMethod.Get, path, null, Json, ct).ConfigureAwait(false);
        return await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
    }

    private async Task<T> SendAsync<T>(
        HttpMethod method, string path, byte[]? body, string contentType, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var response = await SendAsync(method, path, body, contentType, ct).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            return await JsonSerializer.DeserializeAsync(stream, type, ct).ConfigureAwait(false)
                ?? throw new KubernetesApiException(response.StatusCode, "", $"{method} {path}: the answer is null");
        }
    }

    // contentType is that of the body, or of the answer where nothing is sent.
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body, string contentType, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, path));
        if (body is null)
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(contentType));
        }
        else
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(Json));
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }

        if (_client.Credentials is { } credentials)
        {
            await credentials.ProcessHttpRequestAsync(request, ct).ConfigureAwait(false);
        }

        var sent = _time.GetUtcNow();
        var response = await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        Clock.Learn(sent, _time.GetUtcNow(), response.Headers.Date);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await FailureAsync(method, path, response, ct).ConfigureAwait(false);
        }
    }

    private static async Task<KubernetesApiException> FailureAsync(
        HttpMethod method, string path, HttpResponseMessage response, CancellationToken ct)
    {
        string reason = "", message = response.ReasonPhrase ?? "";
        var text = await response.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false);
        try
        {
            var status = JsonSerializer.Deserialize(text, ResourcesJson.Default.ApiStatus);
            reason = status?.Reason ?? reason;
            message = status?.Message ?? message;
        }
        catch (JsonException)
        {
            // Not a Status: a proxy in between answered. Its HTTP status says enough.
        }

        return new KubernetesApiException(response.StatusCode, reason, $"{method} {path}: {(int)response.StatusCode} {message}");
    }
}
