using System.Buffers;
using System.Text;

namespace ChangeAdmission.Core.Changes;

/// <summary>Writes RFC 8785 (JCS) into a pooled buffer. The order of properties is the tree's, which sorts them.</summary>
internal sealed class CanonicalJson(int sizeHint) : IDisposable
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly SearchValues<byte> Escaped = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        (byte)'"', (byte)'\\',
    ]);

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(sizeHint);
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _length)
        {
            Grow(bytes.Length);
        }

        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <exception cref="EncoderFallbackException">The text has a lone surrogate.</exception>
    public void String(string text) => Quote(Strict.GetBytes(text));

    /// <summary>Writes a node of the tree and everything below it.</summary>
    public void Value(JsonTree tree, int node)
    {
        switch (tree.Kind(node))
        {
            case JsonKind.Object:
                var separator = (byte)'{';
                for (var child = tree.FirstChild(node); child >= 0; child = tree.NextSibling(child))
                {
                    Byte(separator);
                    separator = (byte)',';
                    if (tree.NameIsVerbatim(child))
                    {
                        Verbatim(tree.Name(child));
                    }
                    else
                    {
                        Quote(tree.Name(child));
                    }

                    Byte((byte)':');
                    Value(tree, child);
                }
                if (separator == '{')
                {
                    Byte(separator);
                }

                Byte((byte)'}');
                break;
            case JsonKind.Array:
                Byte((byte)'[');
                for (var child = tree.FirstChild(node); child >= 0; child = tree.NextSibling(child))
                {
                    if (child != tree.FirstChild(node))
                    {
                        Byte((byte)',');
                    }

                    Value(tree, child);
                }
                Byte((byte)']');
                break;
            case JsonKind.String when tree.TextIsVerbatim(node):
                Verbatim(tree.Text(node));
                break;
            case JsonKind.String:
                Quote(tree.Text(node));
                break;
            case JsonKind.Number:
                Raw(tree.Text(node));
                break;
            case JsonKind.True:
                Raw("true"u8);
                break;
            case JsonKind.False:
                Raw("false"u8);
                break;
            default:
                Raw("null"u8);
                break;
        }
    }

    // What stood in JSON without a backslash needs none in the canonical form either.
    private void Verbatim(ReadOnlySpan<byte> text)
    {
        Byte((byte)'"');
        Raw(text);
        Byte((byte)'"');
    }

    private void Quote(ReadOnlySpan<byte> text)
    {
        Byte((byte)'"');
        while (text.IndexOfAny(Escaped) is var next and >= 0)
        {
            Raw(text[..next]);
            Escape(text[next]);
            text = text[(next + 1)..];
        }
        Raw(text);
        Byte((byte)'"');
    }

    private void Escape(byte character)
    {
        switch (character)
        {
            case (byte)'\b': Raw("\\b"u8); break;
            case (byte)'\t': Raw("\\t"u8); break;
            case (byte)'\n': Raw("\\n"u8); break;
            case (byte)'\f': Raw("\\f"u8); break;
            case (byte)'\r': Raw("\\r"u8); break;
            case (byte)'"': Raw("\\\""u8); break;
            case (byte)'\\': Raw("\\\\"u8); break;
            default:
                Raw("\\u00"u8);
                Byte((byte)(character < 16 ? '0' : '1'));
                Byte("0123456789abcdef"u8[character & 15]);
                break;
        }
    }

    private void Byte(byte value)
    {
        if (_length == _buffer.Length)
        {
            Grow(1);
        }

        _buffer[_length++] = value;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + needed));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
