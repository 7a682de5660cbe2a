using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ChangeAdmission.Controller.Webhooks;
using ChangeAdmission.Kubernetes.Admission;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChangeAdmission.Controller.Tests.Webhooks;

/// <summary>The edge, in Kestrel on loopback.</summary>
public sealed class WebhookEndpointTests : IAsyncLifetime
{
    private const string Review = """{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1"}}""";

    private readonly FakeWebhook _webhook = new();
    private readonly HttpClient _client = new();
    private WebApplication _server = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = WebhookEndpoint.MaxBody);
        _server = builder.Build();
        _server.Urls.Add("http://127.0.0.1:0");
        _server.Run(new WebhookEndpoint([_webhook], TimeProvider.System, NullLogger<WebhookEndpoint>.Instance).HandleAsync);
        await _server.StartAsync();
        _client.BaseAddress = new Uri(_server.Urls.Single());
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.StopAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_review_is_answered_with_its_uid()
    {
        var (status, body) = await Post(Review);

        status.Should().Be(HttpStatusCode.OK);
        body.Should().Contain("\"uid\":\"u-1\",\"allowed\":true");
    }

    [Fact]
    public async Task An_exception_is_a_rejection_that_names_the_uid_and_tells_nothing_else()
    {
        _webhook.Answer = (_, _) => throw new InvalidOperationException("secret");

        var (status, body) = await Post(Review);

        status.Should().Be(HttpStatusCode.OK);
        body.Should().Contain("\"allowed\":false").And.Contain("unavailable: an internal error, logged with the request's uid").And.NotContain("secret");
    }

    [Fact]
    public async Task What_takes_too_long_is_a_rejection_in_words_before_the_api_server_gives_up()
    {
        _webhook.Answer = async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return AdmissionResponse.Admit;
        };

        var (_, body) = await Post(Review);

        body.Should().Contain("\"allowed\":false").And.Contain("unavailable: no decision within 4 s");
    }

    [Fact]
    public async Task Another_path_is_not_found() =>
        (await _client.PostAsync("/validate/other", Json(Review))).StatusCode.Should().Be(HttpStatusCode.NotFound);

    [Fact]
    public async Task Another_method_is_not_allowed() =>
        (await _client.GetAsync("/fake")).StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/jsonp")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Another_type_is_unsupported(string type)
    {
        var content = Json(Review);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);

        (await _client.PostAsync("/fake", content)).StatusCode.Should().Be(HttpStatusCode.UnsupportedMediaType);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("{}")]
    public async Task What_is_no_review_is_a_bad_request_in_words(string body)
    {
        var (status, answer) = await Post(body);

        status.Should().Be(HttpStatusCode.BadRequest);
        answer.Should().StartWith("the body ");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_above_the_limit_is_too_large_with_and_without_its_length(bool tellsLength)
    {
        var content = Json(new string(' ', WebhookEndpoint.MaxBody + 1));
        content.Headers.ContentLength = tellsLength ? content.Headers.ContentLength : null;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/fake") { Content = content };
        request.Headers.TransferEncodingChunked = !tellsLength;
        // Otherwise the client may still be sending when the connection is closed on it, and never see the answer.
        request.Headers.ExpectContinue = tellsLength;

        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Beyond_the_limit_of_reviews_in_flight_the_next_is_refused_and_the_others_are_answered()
    {
        var arrived = new SemaphoreSlim(0);
        var open = new TaskCompletionSource();
        _webhook.Answer = async (_, _) =>
        {
            arrived.Release();
            await open.Task;
            return AdmissionResponse.Admit;
        };
        var held = Enumerable.Range(0, WebhookEndpoint.MaxInFlight).Select(_ => Post(Review)).ToList();
        for (var i = 0; i < WebhookEndpoint.MaxInFlight; i++)
        {
            (await arrived.WaitAsync(TimeSpan.FromSeconds(20))).Should().BeTrue();
        }

        (await Post(Review)).Status.Should().Be(HttpStatusCode.ServiceUnavailable);
        open.SetResult();
        (await Task.WhenAll(held)).Should().OnlyContain(answer => answer.Status == HttpStatusCode.OK);
        (await Post(Review)).Status.Should().Be(HttpStatusCode.OK);
    }

    private async Task<(HttpStatusCode Status, string Body)> Post(string body)
    {
        using var response = await _client.PostAsync("/fake", Json(body));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private sealed class FakeWebhook : IWebhook
    {
        public Func<AdmissionRequest, CancellationToken, ValueTask<AdmissionResponse>> Answer { get; set; } =
            (_, _) => ValueTask.FromResult(AdmissionResponse.Admit);

        public string Path => "/fake";

        public ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct) => Answer(request, ct);
    }
}
