using CsCheck;
using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Core.Properties;

/// <summary>The window of messages in flight against a plain list.</summary>
public sealed class InflightsProperties
{
    [Fact]
    public void The_window_holds_what_a_list_would_hold() =>
        Gen.Select(Gen.Int[1, 9], Gen.Long[0, 60], Gen.Select(Gen.Int[0, 9], Gen.Long[0, 30]).Array[0, 60]).Sample((maxMessages, maxBytes, steps) =>
        {
            var window = new Inflights(maxMessages, maxBytes);
            var model = new List<(long Index, long Bytes)>();
            var last = 0L;
            foreach (var (step, number) in steps)
            {
                switch (step)
                {
                    case 0:
                        window.Reset();
                        model.Clear();
                        break;
                    case <= 3:
                        // Acknowledgements may be old, exact, or beyond everything that was sent.
                        var index = Math.Max(0, last - 5 + (number / 3));
                        window.FreeTo(index);
                        model.RemoveAll(item => item.Index <= index);
                        break;
                    case > 3 when !window.IsFull:
                        last += 1 + (number % 3);
                        window.Add(last, number);
                        model.Add((last, number));
                        break;
                }

                Assert.Equal(model.Count, window.Count);
                Assert.Equal(model.Sum(item => item.Bytes), window.Bytes);
                Assert.Equal(model.Count >= maxMessages || (maxBytes > 0 && model.Sum(item => item.Bytes) >= maxBytes), window.IsFull);
            }
        });
}
