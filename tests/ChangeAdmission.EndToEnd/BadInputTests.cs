using System.Net;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd;

/// <summary>Bad input, posted to the running controller: a 4xx or a rejection that names the problem; never an admission, never a crash.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private Webhook _webhook = null!;
    private TestNamespace _shop = null!;

    public static TheoryData<string> Names => [.. BadInput.Bodies.Select(b => b.Name)];

    public static TheoryData<string> NamesAtTheEdge => [.. BadInput.Bodies.Where(b => b.IsAtTheEdge).Select(b => b.Name)];

    public async Task InitializeAsync()
    {
        _webhook = await Webhook.ConnectAsync();
        _shop = await Namespaces.CriticalAsync();
    }

    public Task DisposeAsync()
    {
        _webhook.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_review_that_the_others_spoil_is_admitted()
    {
        var answer = await _webhook.PostAsync(BadInput.Sound(_shop));

        answer.IsAdmission.Should().BeTrue(answer.Text);
        answer.Response!["uid"]!.GetValue<string>().Should().Be(Review.Uid);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Is_refused_with_the_problem(string name)
    {
        var bad = BadInput.Bodies.Single(b => b.Name == name);
        var controller = Stack.Controller().Id;

        var answer = await _webhook.PostAsync(bad.Make(_shop));

        answer.IsAdmission.Should().BeFalse(answer.Text);
        answer.Problem.Should().Contain(bad.Problem);
        if (answer.Status == HttpStatusCode.OK)
        {
            answer.Response!["allowed"]!.GetValue<bool>().Should().BeFalse();
            answer.Response["uid"]!.GetValue<string>().Should().Be(Review.Uid);
            answer.Response["status"]!["code"]!.GetValue<int>().Should().Be(403);
        }
        else
        {
            ((int)answer.Status).Should().BeInRange(400, 499);
        }

        Stack.Controller().Id.Should().Be(controller);
        (await Observed.GetAsync("healthz")).Status.Should().Be(200);
        (await _webhook.PostAsync(BadInput.Sound(_shop))).IsAdmission.Should().BeTrue("the next review is judged as ever");
    }

    [Theory]
    [MemberData(nameof(NamesAtTheEdge))]
    public async Task Is_refused_by_the_policies_webhook_too(string name)
    {
        var bad = BadInput.Bodies.Single(b => b.Name == name);

        var answer = await _webhook.PostAsync(bad.Make(_shop), Webhook.Resources);

        ((int)answer.Status).Should().BeInRange(400, 499, answer.Text);
        answer.Problem.Should().Contain(bad.Problem);
    }

    [Fact]
    public async Task Seven_MiB_are_read_to_the_last_byte()
    {
        var answer = await _webhook.PostAsync(BadInput.Padded(_shop, BadInput.MaxBody));

        answer.IsAdmission.Should().BeTrue(answer.Text);
    }

    [Fact]
    public async Task More_than_7_MiB_of_unknown_length_are_refused()
    {
        using var content = new StreamContent(new UnknownLength(BadInput.Padded(_shop, BadInput.MaxBody + 1)));
        content.Headers.ContentType = new("application/json");

        var answer = await _webhook.SendAsync(HttpMethod.Post, Webhook.Rollouts, content);

        answer.Status.Should().Be(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Only_POST_is_answered()
    {
        (await _webhook.SendAsync(HttpMethod.Get, Webhook.Rollouts, null)).Status.Should().Be(HttpStatusCode.MethodNotAllowed);
        (await _webhook.SendAsync(HttpMethod.Delete, Webhook.Rollouts, null)).Status.Should().Be(HttpStatusCode.MethodNotAllowed);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/jsonp")]
    public async Task Only_JSON_is_read(string type) =>
        (await _webhook.PostAsync(BadInput.Sound(_shop).Bytes(), type: type)).Status.Should().Be(HttpStatusCode.UnsupportedMediaType);

    [Theory]
    [InlineData("")]
    [InlineData("validate")]
    [InlineData("validate/rollouts/")]
    [InlineData("metrics")]
    public async Task There_is_nothing_at_other_paths(string path) =>
        (await _webhook.PostAsync(BadInput.Sound(_shop).Bytes(), path)).Status.Should().Be(HttpStatusCode.NotFound);

    [Fact]
    public async Task A_review_about_a_policy_that_is_none_is_rejected_by_the_policies_webhook()
    {
        var answer = await _webhook.PostAsync(BadInput.Sound(_shop), Webhook.Resources);

        answer.IsAdmission.Should().BeFalse();
        answer.Problem.Should().Contain("request.kind is not ChangePolicy");
    }

    [Theory]
    [InlineData("changeadmission.io/ai_assisted")]
    [InlineData("changeadmission.io/aiassisted")]
    [InlineData("changeadmisson.io/ai-assisted")]
    public async Task A_misspelt_declaration_is_an_error_for_who_applies_it(string key)
    {
        var verdict = await Dev.Applies(A.Deployment("payments").Annotated(key, "true")).In(_shop).ShouldBeRejected(with: "invalid");

        verdict.Message.Should().Contain("next: write changeadmission.io/ai-assisted, or remove the key");
    }

    [Fact]
    public async Task A_change_that_must_be_rejected_is_never_admitted_however_its_bytes_are_spoilt()
    {
        var review = Review.Of(A.Deployment("payments"), A.Deployment("payments").WithImage("1.1.0").DeclaredAIAssisted(), _shop);
        var sound = review.Bytes();
        (await _webhook.PostAsync(sound)).IsAdmission.Should().BeFalse();

        // Outside of the new object's own words every byte may be anything; in there, other words are another change.
        var (from, to) = Range(review, sound);
        var random = new Random(20_26);
        await Parallel.ForEachAsync(Enumerable.Range(0, 1500), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            byte[] spoilt;
            lock (random)
            {
                spoilt = Spoil(sound, from, to, random);
            }

            var answer = await _webhook.PostAsync(spoilt);
            ((int)answer.Status).Should().BeOneOf(200, 400);
            answer.IsAdmission.Should().BeFalse(System.Text.Encoding.UTF8.GetString(spoilt));
        });
    }

    // The new object, and what says which object and operation it is about.
    private static (int From, int To) Range(JsonObject review, ReadOnlySpan<byte> sound)
    {
        var text = System.Text.Encoding.UTF8.GetBytes($"\"object\":{review["request"]!["object"]!.ToJsonString()}");
        var from = sound.IndexOf(text);
        return (from, from + text.Length);
    }

    private static byte[] Spoil(byte[] sound, int from, int to, Random random)
    {
        var spoilt = sound.ToArray();
        int at;
        do
        {
            at = random.Next(spoilt.Length);
        }
        while (at >= from && at < to);

        return random.Next(3) switch
        {
            0 => [.. spoilt[..at], .. spoilt[(at + 1)..]],
            1 => [.. spoilt[..at], (byte)random.Next(256), .. spoilt[at..]],
            _ => [.. spoilt[..at], (byte)random.Next(256), .. spoilt[(at + 1)..]],
        };
    }

    /// <summary>A body sent in chunks: nobody says beforehand how long it will be.</summary>
    private sealed class UnknownLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
