using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace KeyValueStore;

/// <summary>Listens to the meter of Orleans.Raft in every silo of this process and writes what it heard as Prometheus wants it.</summary>
internal sealed class Metrics : IDisposable
{
    private const string MeterName = "Orleans.Raft";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<object, string> _silos = new();
    private readonly ConcurrentDictionary<(string Name, string Silo), InstrumentSeries> _series = new();
    private readonly Lock _scraping = new();

    public Metrics()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter is { Name: MeterName, Scope: { } scope } && _silos.TryGetValue(scope, out var silo))
            {
                var series = _series.GetOrAdd((instrument.Name, silo), static (key, instrument) => new InstrumentSeries(instrument, key.Silo), instrument);
                listener.EnableMeasurementEvents(instrument, series);
            }
        };
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>Listens to a silo that was built; before it makes its instruments.</summary>
    public void Watch(string silo, IMeterFactory meters)
    {
        foreach (var former in _silos.Where(pair => pair.Value == silo).ToList())
        {
            _silos.TryRemove(former);
        }

        _silos[meters] = silo;
    }

    /// <summary>Everything as of now.</summary>
    public string Write()
    {
        lock (_scraping)
        {
            foreach (var series in _series.Values)
            {
                series.ForgetGauges();
            }

            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var group in _series.Values.GroupBy(series => series.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                var first = group.First();
                text.Append(CultureInfo.InvariantCulture, $"# HELP {group.Key} {first.Help}\n# TYPE {group.Key} {first.Type}\n");
                foreach (var series in group.OrderBy(series => series.Silo, StringComparer.Ordinal))
                {
                    series.Write(text);
                }
            }

            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();
}
