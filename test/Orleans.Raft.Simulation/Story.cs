using System.Globalization;
using System.Runtime.CompilerServices;

namespace Orleans.Raft.Simulation;

/// <summary>What happened in one seed, a line per event. Lines cost nothing while nobody listens.</summary>
internal sealed class Story
{
    private readonly TextWriter? _writer;

    private Story(TextWriter? writer) => _writer = writer;

    /// <summary>Tells nothing.</summary>
    public static Story Silent { get; } = new(null);

    public bool IsTold => _writer is not null;

    public static Story To(TextWriter writer) => new(writer);

    public void Say(long now, int replica, [InterpolatedStringHandlerArgument("")] ref StoryLine line)
    {
        if (_writer is not null)
        {
            var who = replica == 0 ? "--" : string.Create(CultureInfo.InvariantCulture, $"r{replica}");
            _writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{now / 1000.0,10:F3} ms {who,-4} {line.Text}"));
        }
    }

    /// <summary>Formats a line only when the story is told.</summary>
    [InterpolatedStringHandler]
    internal ref struct StoryLine
    {
        private readonly bool _isTold;
        private DefaultInterpolatedStringHandler _inner;

        public StoryLine(int literalLength, int formattedCount, Story story, out bool isTold)
        {
            isTold = _isTold = story.IsTold;
            _inner = isTold
                ? new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture)
                : default;
        }

        public string Text => _isTold ? _inner.ToStringAndClear() : "";

        public void AppendLiteral(string value) => _inner.AppendLiteral(value);

        public void AppendFormatted<T>(T value) => _inner.AppendFormatted(value);

        public void AppendFormatted<T>(T value, string format) => _inner.AppendFormatted(value, format);
    }
}
