using System.Text;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

public class CanonicalJsonTests
{
    // RFC 8785, section 3.2.2: the example of the RFC, whose literals hold every kind of escape.
    [Fact]
    public void The_example_of_RFC_8785_comes_out_as_published()
    {
        const string input = """
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """;
        Canonical(input).Should().Be(
            """{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""");
    }

    // RFC 8785, section 3.2.3.
    [Fact]
    public void Properties_are_in_the_order_of_their_UTF_16_code_units()
    {
        const string input = """
            {
              "\u20ac": "Euro Sign",
              "\r": "Carriage Return",
              "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face",
              "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """;
        var order = Canonical(input).Split('"').Where((_, i) => i % 4 == 3);
        order.Should().Equal(
            "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign", "Emoji: Grinning Face",
            "Hebrew Letter Dalet With Dagesh");
    }

    [Fact]
    public void Many_properties_are_sorted_like_few()
    {
        var names = Enumerable.Range(0, 500).Select(i => $"k{(i * 7919) % 500:D3}").ToList();
        var input = "{" + string.Join(",", names.Select(name => $"\"{name}\":1")) + "}";
        Canonical(input).Should().Be("{" + string.Join(",", names.Order(StringComparer.Ordinal).Select(name => $"\"{name}\":1")) + "}");
    }

    [Theory]
    [InlineData("""{"a":"\b\t\n\f\r\u0000\u001f\u007f"}""", "{\"a\":\"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\"}")]
    [InlineData("""{"a":"\ud83d\ude80"}""", """{"a":"🚀"}""")]
    [InlineData("""{"\u0061":"\u2028"}""", "{\"a\":\"\u2028\"}")]
    [InlineData(""" { "a" : [ ] , "b" : { } } """, """{"a":[],"b":{}}""")]
    [InlineData("""{"a\"b":1,"a\nb":2}""", """{"a\nb":2,"a\"b":1}""")]
    public void Texts_have_one_spelling(string input, string expected) => Canonical(input).Should().Be(expected);

    [Theory]
    [InlineData("", "spec.template")]
    [InlineData("nonsense", "spec.template")]
    [InlineData("[]", "spec.template")]
    [InlineData("null", "spec.template")]
    [InlineData("{}{}", "spec.template")]
    [InlineData("""{"spec":{"containers":[{"image":"a","image":"b"}]}}""", "spec.template.spec.containers[0].image")]
    [InlineData("""{"spec":{"containers":[{},{"env":[{"name":1}],"\u0065nv":[]}]}}""", "spec.template.spec.containers[1].env")]
    [InlineData("""{"metadata":{"labels":{"a":"1","a":"1"}}}""", "spec.template.metadata.labels.a")]
    [InlineData("""{"spec":{"a":"\ud800"}}""", "spec.template.spec")]
    [InlineData("""{"spec":{"\udc00":"a"}}""", "spec.template.spec")]
    [InlineData("""{"spec":{"a":01}}""", "spec.template.spec")]
    [InlineData("""{"spec":{"a":1,}}""", "spec.template.spec")]
    [InlineData("""{"spec":{"a":NaN}}""", "spec.template.spec")]
    [InlineData("""{"spec":// comment""", "spec.template")]
    [InlineData("""{"spec":{"a\u001b[2J":{"b":1,"b":1}}}""", "spec.template.spec.a?[2J.b")]
    public void What_a_server_would_not_accept_is_refused_with_its_path(string input, string path)
    {
        var act = () => Canonical(input);
        act.Should().Throw<InvalidPodTemplateException>().Which.Path.Should().Be(path);
    }

    [Fact]
    public void Invalid_UTF_8_is_refused()
    {
        var act = () => CanonicalPodTemplate.Format(new byte[] { (byte)'{', (byte)'"', 0xC3, (byte)'"', (byte)':', (byte)'1', (byte)'}' });
        act.Should().Throw<InvalidPodTemplateException>().WithMessage("*UTF-8*");
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Sixty_four_levels_are_the_deepest(int levels, bool accepted)
    {
        var input = string.Concat(Enumerable.Repeat("{\"a\":", levels - 1)) + "{}" + new string('}', levels - 1);
        var act = () => Canonical(input);
        if (accepted)
            act.Should().NotThrow();
        else
            act.Should().Throw<InvalidPodTemplateException>().WithMessage("*64 levels*");
    }

    private static string Canonical(string input) => Encoding.UTF8.GetString(CanonicalPodTemplate.Format(Encoding.UTF8.GetBytes(input)));
}
